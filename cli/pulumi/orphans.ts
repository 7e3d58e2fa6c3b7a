import { readdirSync, readFileSync } from "node:fs";

import { sleep } from "../../client/wait";

/** A Pulumi process that outlived the run that started it. */
interface Orphan {
  readonly pid: number;
  readonly command: string;
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // the process has ended, or belongs to another user
  }
}

/** Plugins and program hosts of this lab's Pulumi runs, without the services that the lab runs on purpose. */
export function pulumiChildren(stateDir: string): Orphan[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const command = read(`/proc/${name}/cmdline`).split("\0").join(" ").trim();
      if (!/pulumi-(resource|language)-|@pulumi\/pulumi\/cmd\/run/.test(command)) return [];
      const ours = read(`/proc/${name}/environ`).split("\0").includes(`EDGE_LAB_STATE=${stateDir}`);
      return ours ? [{ pid: Number(name), command }] : [];
    });
}

/** True if that process is a running pulumi; a zombie is not. */
export function isPulumi(pid: number): boolean {
  return /^\d+ \(pulumi\) [^ZX]/.test(read(`/proc/${pid}/stat`));
}

/** Ends processes that a killed run left: SIGTERM first, so that a provider ends its own commands. */
export async function endOrphans(stateDir: string): Promise<number> {
  const found = pulumiChildren(stateDir);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (const { pid } of pulumiChildren(stateDir)) {
      try {
        process.kill(pid, signal);
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== "ESRCH") throw e;
      }
    }
    for (let i = 0; i < 150 && pulumiChildren(stateDir).length > 0; i++) await sleep(100);
  }
  return found.length;
}
