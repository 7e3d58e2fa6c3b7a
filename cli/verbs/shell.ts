import { spawn } from "node:child_process";

import { readConsole } from "../../client/console";
import { labContext, type LabContext } from "../../client/context";
import { LabError } from "../../client/labError";
import { sshArgs } from "../../client/ssh";
import { print } from "../../client/terminal";

/** The device of that name; the error for an unknown name lists the known ones. */
export function deviceNamed(ctx: LabContext, name: string): LabContext["config"]["devices"][number] {
  const device = ctx.config.devices.find((d) => d.name === name);
  if (device) return device;
  const names = ctx.config.devices.map((d) => d.name).join(", ");
  throw new LabError(
    `there is no device "${name}"; rule: a name from the stack's devices; fix: one of ${names}`,
  );
}

function foreground(command: string, args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** `lab ssh DEVICE [-- CMD]`: the exit status is the command's. */
export async function ssh(name: string, words: string[]): Promise<number> {
  const ctx = labContext();
  const { address } = deviceNamed(ctx, name);
  const [target, ...options] = sshArgs(ctx.stateDir, address).reverse();
  const interactive = words.length === 0 && process.stdin.isTTY ? ["-t"] : [];
  return foreground("ssh", [...options.reverse(), ...interactive, target ?? "", ...words]);
}

/** `lab console DEVICE`: joins the serial console, or prints its log. */
export async function openConsole(name: string, log: boolean): Promise<number> {
  const ctx = labContext();
  deviceNamed(ctx, name);
  if (log || !process.stdin.isTTY) {
    print(readConsole(ctx.stateDir, name));
    return 0;
  }
  return foreground("virsh", ["-c", ctx.config.libvirtUri, "console", name]);
}
