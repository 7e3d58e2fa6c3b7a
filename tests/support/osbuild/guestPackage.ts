import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { TempDir } from "../tempProject";

const run = (command: string, args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
};

/** The package of the guest files, built like in the push of a blueprint, and unpacked. */
export class GuestPackage {
  private readonly dir = new TempDir();
  readonly rpm = join(this.dir.path, "edge-lab-guest-0.0.7-1.abc.noarch.rpm");
  /** The package's files, laid out as in an image. */
  readonly tree = join(this.dir.path, "tree");

  constructor() {
    mkdirSync(join(this.dir.path, "signing"));
    writeFileSync(join(this.dir.path, "signing/public.gpg"), "the lab's key");
    const libraries = ["common", "sign", "guest"].map((l) => `. "$here/lib/${l}.sh"`).join("\n");
    const script = `set -euo pipefail\nhere=$PWD/assets/builders/osbuild STATE=${this.dir.path} LOG=${this.dir.path}/log\n${libraries}
guest_build 0.0.7 1.abc '${this.dir.path}'`;
    run("bash", ["-c", script]);
    mkdirSync(this.tree);
    const archive = join(this.dir.path, "files.cpio");
    writeFileSync(archive, spawnSync("rpm2cpio", [this.rpm], { maxBuffer: 2 ** 26 }).stdout);
    run("bash", ["-c", `cd '${this.tree}' && cpio --quiet -idm <'${archive}'`]);
  }

  /** rpm's answer to a query about the package. */
  query(...args: string[]): string[] {
    return run("rpm", ["-qp", "--nosignature", ...args, this.rpm])
      .trim()
      .split("\n");
  }

  remove(): void {
    this.dir.remove();
  }
}
