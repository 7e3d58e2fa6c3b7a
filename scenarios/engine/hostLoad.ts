import { spawn, type ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";

/** Ends with its parent, even if that is killed. */
const BUSY_LOOP = "const parent = process.ppid; while (process.ppid === parent);";

/** Processes that keep every core of this host busy, at the usual priority. */
export class HostLoad {
  private constructor(private readonly processes: readonly ChildProcess[]) {}

  /** @param perCore processes a core; with two, everything else gets a third of it */
  static start(perCore = 2): HostLoad {
    const count = availableParallelism() * perCore;
    return new HostLoad(
      Array.from({ length: count }, () => spawn(process.execPath, ["-e", BUSY_LOOP], { stdio: "ignore" })),
    );
  }

  get size(): number {
    return this.processes.length;
  }

  /** Whether all of them are still running. */
  get running(): boolean {
    return this.processes.every((p) => p.pid !== undefined && p.exitCode === null && p.signalCode === null);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.processes.map(
        (p) =>
          new Promise<void>((ended) => {
            p.once("exit", () => ended());
            if (p.exitCode !== null || p.signalCode !== null) ended();
            else p.kill("SIGKILL");
          }),
      ),
    );
  }
}
