import { x } from "tinyexec";

import { deviceSshOptions } from "../lib/deviceSsh";
import { OPERATOR } from "../protocol/names";

/** ssh's options and destination for a device; ssh never prompts. */
export function sshArgs(stateDir: string, address: string): string[] {
  return [
    ...deviceSshOptions(stateDir),
    ...["-o", "BatchMode=yes"],
    ...["-o", "ConnectTimeout=10"],
    ...["-o", "LogLevel=ERROR"],
    `${OPERATOR.name}@${address}`,
  ];
}

/** ssh's own exit code: there is no connection, or no longer. */
export const UNREACHABLE = 255;

/** Result of a command on a device. */
export interface RemoteResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs one command line on a device. An unreachable device gives {@link UNREACHABLE}.
 * @param input for the command's standard input, which else is empty
 */
export async function runOnDevice(
  stateDir: string,
  address: string,
  commandLine: string,
  timeoutSeconds = 60,
  input?: string,
): Promise<RemoteResult> {
  const running = x("ssh", [...sshArgs(stateDir, address), commandLine], {
    throwOnError: false,
    timeout: timeoutSeconds * 1000,
    ...(input === undefined ? { nodeOptions: { stdio: ["ignore", "pipe", "pipe"] } } : { stdin: input }),
  });
  // ssh may end before it reads; its exit code says why.
  running.process?.stdin?.on("error", () => undefined);
  const result = await running.then(
    (output) => output,
    (e: unknown) => {
      // A device that is switched off meanwhile is unreachable, which is not a defect.
      if (running.aborted || (e instanceof Error && e.name === "AbortError")) return undefined;
      throw e;
    },
  );
  if (!result) return { exitCode: UNREACHABLE, stdout: "", stderr: `no answer within ${timeoutSeconds} s` };
  return { exitCode: result.exitCode ?? UNREACHABLE, stdout: result.stdout, stderr: result.stderr };
}
