import { x } from "tinyexec";

import type { LabContext } from "../../client/context";
import { hostProgram } from "../../client/hostProgram";

/** Runs virsh on the lab's libvirt; `text` is its output, including errors. */
export async function virsh(ctx: LabContext, args: string[]): Promise<{ ok: boolean; text: string }> {
  const { command, args: words, env } = hostProgram(ctx, ["virsh", "-q", "-c", ctx.host.libvirtUri, ...args]);
  const result = await x(command, words, {
    throwOnError: false,
    nodeOptions: {
      cwd: ctx.root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C.UTF-8", LANGUAGE: "", ...env },
    },
  });
  return { ok: result.exitCode === 0, text: `${result.stdout}${result.stderr}`.trim() };
}
