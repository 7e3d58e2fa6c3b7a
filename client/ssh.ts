import { x } from "tinyexec";

import { OPERATOR } from "../protocol/names";
import { inState } from "../protocol/paths";

/** Options of ssh that reach a device of the lab with its own key, and never ask. */
export function sshArgs(stateDir: string, address: string): string[] {
  return [
    "-i",
    inState(stateDir, "sshKey"),
    "-o",
    `UserKnownHostsFile=${inState(stateDir, "knownHosts")}`,
    "-o",
    "StrictHostKeyChecking=accept-new",
    "-o",
    "BatchMode=yes",
    "-o",
    "ConnectTimeout=10",
    "-o",
    "LogLevel=ERROR",
    `${OPERATOR.name}@${address}`,
  ];
}

/** Outcome of a command on a device. */
export interface RemoteResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line on a device. A device that cannot be reached gives ssh's own exit code, 255. */
export async function runOnDevice(
  stateDir: string,
  address: string,
  commandLine: string,
  timeoutSeconds = 60,
): Promise<RemoteResult> {
  const running = x("ssh", [...sshArgs(stateDir, address), commandLine], {
    throwOnError: false,
    timeout: timeoutSeconds * 1000,
    nodeOptions: { stdio: ["ignore", "pipe", "pipe"] },
  });
  const result = await running.then(
    (output) => output,
    (e: unknown) => {
      // A device that is switched off while it is asked is one that cannot be reached, no defect.
      if (running.aborted || (e instanceof Error && e.name === "AbortError")) return undefined;
      throw e;
    },
  );
  if (!result) return { exitCode: 255, stdout: "", stderr: `no answer within ${timeoutSeconds} s` };
  return { exitCode: result.exitCode ?? 255, stdout: result.stdout, stderr: result.stderr };
}
