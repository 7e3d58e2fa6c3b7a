import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

import { z } from "zod";

import { inState } from "../../protocol/paths";

const schema = z.object({
  /** The rollout as the depot knows it. */
  id: z.string(),
  ref: z.string(),
  version: z.string(),
  targetCommit: z.string(),
  /** The commit that the ref named before. */
  from: z.string(),
});
/** A rollout that has moved the ref and not ended. */
export type Unfinished = z.infer<typeof schema>;

/** Notes on disk that a rollout is under way, so that the next run after a kill or power cut knows what to restore. */
export class Marker {
  private readonly path: string;

  constructor(stateDir: string) {
    this.path = inState(stateDir, "rollout");
  }

  read(): Unfinished | undefined {
    try {
      return schema.parse(JSON.parse(readFileSync(this.path, "utf8")));
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new Error(`${this.path} cannot be read: ${(e as Error).message}`);
    }
  }

  write(unfinished: Unfinished): void {
    writeFileSync(`${this.path}.new`, `${JSON.stringify(unfinished)}\n`, { flush: true });
    renameSync(`${this.path}.new`, this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}
