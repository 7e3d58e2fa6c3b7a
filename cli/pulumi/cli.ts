import { spawn } from "node:child_process";

import { x } from "tinyexec";

/** Tells toolchain/pulumi.sh that the caller has mended what an earlier run left behind. */
const RECOVERED = { EDGE_LAB_RECOVERED: "1" };

/** Runs pulumi in the foreground, with the user's terminal and its own ctrl-C. Resolves to its exit status. */
export function runPulumi(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("pulumi", args, {
      stdio: "inherit",
      env: { ...process.env, ...RECOVERED },
    });
    // The terminal also sends the signal to pulumi, which shuts down in order; this program ends after it.
    const ignore = (): void => undefined;
    process.on("SIGINT", ignore);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", ignore);
      resolve(code ?? (signal ? 130 : 1));
    });
  });
}

/** Runs pulumi and returns what it printed. */
export async function askPulumi(args: readonly string[], stdin?: string): Promise<string> {
  const child = x("pulumi", [...args], {
    throwOnError: false,
    nodeOptions: { env: { ...process.env, ...RECOVERED } },
    ...(stdin === undefined ? {} : { stdin }),
  });
  const result = await child;
  if (result.exitCode !== 0) {
    throw new Error(`pulumi ${args.join(" ")} ended with status ${result.exitCode}: ${result.stderr.trim()}`);
  }
  return result.stdout;
}
