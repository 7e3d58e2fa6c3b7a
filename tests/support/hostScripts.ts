import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { TempDir } from "./tempProject";

/** Result of a script. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The host scripts in a temporary project, with an awkwardly named state directory and a stand-in builder. */
export class HostScripts {
  private readonly dir = new TempDir().copy("assets/host", "assets/app");
  readonly path = this.dir.path;
  readonly stateDir = join(this.path, `it's a "state" $(dir)`);

  constructor() {
    mkdirSync(this.stateDir);
    mkdirSync(join(this.path, "bin"));
    // The host's own libvirt is neither asked nor changed.
    this.program("bin/virsh", 'echo "virsh $*" >>calls; [[ $* != *net-dumpxml* ]] || cat network.xml');
  }

  /** Writes a program of the project; its working directory is the project. */
  program(path: string, body: string): void {
    mkdirSync(join(this.path, path, ".."), { recursive: true });
    // Remove it first: writing through a link could change the host's own program.
    rmSync(join(this.path, path), { force: true });
    writeFileSync(join(this.path, path), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  }

  /** Writes a builder verb that saves its input in VERB.json and prints an answer. */
  builder(verb: string, answer: object): void {
    this.program(`assets/builders/test/${verb}`, `cat >${verb}.json\necho '${JSON.stringify(answer)}'`);
  }

  /** The input that a builder verb received. */
  asked(verb: string): Record<string, unknown> {
    return JSON.parse(this.read(`${verb}.json`)) as Record<string, unknown>;
  }

  read(path: string): string {
    return existsSync(join(this.path, path)) ? readFileSync(join(this.path, path), "utf8") : "";
  }

  /** Names below the state directory; folders end in a slash. */
  state(): string[] {
    return readdirSync(this.stateDir, { recursive: true, withFileTypes: true })
      .map(
        (e) => `${join(e.parentPath, e.name).slice(this.stateDir.length + 1)}${e.isDirectory() ? "/" : ""}`,
      )
      .sort();
  }

  run(script: string, verb: string, env: Record<string, string> = {}, input = ""): Outcome {
    return this.spawn([join(this.path, "assets/host", script), verb], env, input);
  }

  /** Runs bash with some of the libraries sourced. */
  bash(libraries: readonly string[], text: string, env: Record<string, string> = {}): Outcome {
    const sources = libraries.map((name) => `. assets/host/lib/${name}.sh`).join("\n");
    return this.spawn(["/bin/bash", "--norc", "-c", `set -euo pipefail\n${sources}\n${text}`], env, "");
  }

  /** The one JSON line of a script that must succeed. */
  answer(
    script: string,
    verb: string,
    env: Record<string, string> = {},
    input = "",
  ): Record<string, unknown> {
    const { status, stdout, stderr } = this.run(script, verb, env, input);
    assert.equal(status, 0, `${script} ${verb}: ${stderr}`);
    assert.match(stdout, /^\{.*\}\n$/, `${script} ${verb} printed: ${stdout}`);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  remove(): void {
    this.dir.remove();
  }

  private spawn(command: readonly string[], env: Record<string, string>, input: string): Outcome {
    const result = spawnSync(command[0] ?? "", command.slice(1), {
      encoding: "utf8",
      cwd: this.path,
      input,
      timeout: 60_000,
      env: {
        PATH: `${this.path}/bin:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
        HOME: this.path,
        EDGE_STATE_DIR: this.stateDir,
        EDGE_BUILDER: "test",
        ...env,
      },
    });
    return { status: result.status, stdout: result.stdout, stderr: result.stderr };
  }
}
