import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { TempDir } from "./tempProject";

const LIBRARY = join(process.cwd(), "assets/host/lib/preflight.sh");

/** Result of checks. */
export interface Checked {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The problems found, without the list's header. */
  readonly problems: string[];
}

interface Options {
  readonly env?: Record<string, string>;
  /** Run in a new network namespace; needs root. */
  readonly namespace?: boolean;
}

/** Preflight's functions, in a temporary folder, with stand-ins for the host's programs. */
export class Preflight {
  private readonly dir = new TempDir();
  readonly path = this.dir.path;

  constructor() {
    mkdirSync(join(this.path, "bin"));
  }

  /** Puts a program on PATH before the host's own. */
  standIn(name: string, body: string): void {
    this.program(join("bin", name), body);
  }

  /** Writes a program below the checks' working directory. */
  program(path: string, body: string): void {
    mkdirSync(join(this.path, path, ".."), { recursive: true });
    // Remove it first: writing through a link could change the host's own program.
    rmSync(join(this.path, path), { force: true });
    writeFileSync(join(this.path, path), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  }

  /** Runs checks, then the report. */
  check(script: string, options: Options = {}): Checked {
    const text = `set -euo pipefail\n. "$LIBRARY"\n${script}\nreport_problems\n`;
    const command = [...(options.namespace ? ["unshare", "--net"] : []), "/bin/bash", "--norc", "-c", text];
    const result = spawnSync(command[0] ?? "", command.slice(1), {
      encoding: "utf8",
      cwd: this.path,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: `${this.path}/bin:${process.env["PATH"] ?? ""}`,
        LIBRARY,
        STATE_DIR: join(this.path, "state"),
        CACHE_DIR: join(this.path, "cache"),
        EDGE_LIBVIRT_URI: "qemu:///system",
        ...options.env,
      },
    });
    const problems = result.stderr.split("\n").flatMap((line) => /^ {2}- (.*)$/.exec(line)?.[1] ?? []);
    return { status: result.status, stdout: result.stdout, stderr: result.stderr, problems };
  }

  /** Asserts that the checks find no problem and print nothing. */
  good(script: string, options?: Options): void {
    const { status, stderr } = this.check(script, options);
    assert.equal(`${status} ${stderr}`, "0 ");
  }

  /** Asserts one problem, which says what is wrong and how to fix it. */
  bad(script: string, what: RegExp, fix: RegExp, options?: Options): void {
    const { status, problems, stderr } = this.check(script, options);
    assert.equal(status, 1, stderr);
    assert.equal(problems.length, 1, stderr);
    assert.equal(stderr.trimEnd().split("\n").length, 2, stderr);
    const [said = "", mend = ""] = (problems[0] ?? "").split("; fix: ");
    assert.match(said, what);
    assert.match(mend, fix);
  }

  remove(): void {
    this.dir.remove();
  }
}
