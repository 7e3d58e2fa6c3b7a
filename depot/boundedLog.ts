import { appendFileSync, renameSync, statSync } from "node:fs";

const ROTATE_BYTES = 8 << 20;

/** A text log of bounded size: one file and the one before it. */
export class BoundedLog {
  private size: number;

  constructor(
    private readonly path: string,
    private readonly rotateBytes = ROTATE_BYTES,
  ) {
    this.size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Appends lines with one write. */
  append(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const text = `${lines.join("\n")}\n`;
    if (this.size > 0 && this.size + text.length > this.rotateBytes) {
      renameSync(this.path, `${this.path}.1`);
      this.size = 0;
    }
    appendFileSync(this.path, text, "latin1");
    this.size += text.length;
  }
}
