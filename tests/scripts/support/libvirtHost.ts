import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { TempDir } from "../../support/tempProject";
import { OWN_NAMESPACES } from "./namespaces";

/** How a script ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real libvirtd in its own namespaces, for the duration of one script. Needs root. */
export class LibvirtHost {
  private readonly dir = new TempDir().copy("assets/host", "assets/builders");
  /** The project's folder, which is the script's working directory. */
  readonly path = this.dir.path;

  /** Runs bash there, with `virsh` and the lab's host scripts. */
  run(script: string, env: Record<string, string> = {}): Ended {
    const file = join(this.path, "script.sh");
    writeFileSync(file, `v() { virsh -q -c "$EDGE_LIBVIRT_URI" "$@"; }\n${script}\n`);
    const result = spawnSync(
      "unshare",
      [...OWN_NAMESPACES, resolve("tests/scripts/support/libvirt-host.sh"), file],
      {
        encoding: "utf8",
        cwd: this.path,
        timeout: 120_000,
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: process.env["PATH"] ?? "", HOME: this.path, ...env },
      },
    );
    return { status: result.status, stdout: result.stdout, stderr: result.stderr };
  }

  /** Runs a script that must succeed; returns its output. */
  ok(script: string, env: Record<string, string> = {}): string {
    const { status, stdout, stderr } = this.run(script, env);
    assert.equal(status, 0, stderr);
    return stdout;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  remove(): void {
    this.dir.remove();
  }
}
