import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder for one test. */
export class TempDir {
  readonly path: string;

  constructor(prefix = "edge-lab-test-") {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  }

  /** Copies files and folders of the project into it, under their own names. */
  copy(...names: string[]): this {
    for (const name of names) {
      mkdirSync(join(this.path, name, ".."), { recursive: true });
      cpSync(join(process.cwd(), name), join(this.path, name), { recursive: true, verbatimSymlinks: true });
    }
    return this;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
