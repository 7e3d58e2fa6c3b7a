import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { canonicalJson } from "../../../lib/contentHash";
import { SOURCES } from "../../../client/remote/programCopy";
import { labHost } from "../../../lib/labHost";
import type { RemoteConnection } from "../../../lib/remoteHost";
import { testCache } from "../../support/cache";
import { TempDir } from "../../support/tempProject";
import { OWN_NAMESPACES } from "./namespaces";

const UNPACKED = testCache("unpacked");

/** Result of a command. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary project and a lab host that it reaches by ssh; see ssh-host.sh. */
export class SshHost {
  private readonly dir = new TempDir().copy(...SOURCES);
  readonly path = this.dir.path;
  private readonly world: ChildProcess;
  private pid = "";

  private constructor() {
    const script = join(process.cwd(), "tests/scripts/support/ssh-host.sh");
    mkdirSync(join(this.path, "keys"));
    this.world = spawn("unshare", [...OWN_NAMESPACES, "bash", script, UNPACKED, join(this.path, "keys")], {
      stdio: ["ignore", "pipe", "inherit"],
      env: this.environment({}),
    });
  }

  static async start(): Promise<SshHost> {
    const host = new SshHost();
    mkdirSync(join(host.path, "assets/probes"), { recursive: true });
    await new Promise<void>((resolve, reject) => {
      host.world.stdout?.once("data", () => resolve());
      host.world.once("exit", (code) => reject(new Error(`sshd did not start: status ${code}`)));
    });
    host.pid = readFileSync(`/proc/${host.world.pid}/task/${host.world.pid}/children`, "utf8").trim();
    return host;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.world.once("exit", resolve));
    this.world.kill("SIGKILL");
    await ended;
    this.dir.remove();
  }

  /** A host key, as written in a stack file. */
  key(name: "host" | "other"): string {
    return readFileSync(join(this.path, "keys", `${name}.pub`), "utf8").trim();
  }

  private get uri(): string {
    return `qemu+ssh://root@127.0.0.1:2222/system?keyfile=${this.path}/keys/user`;
  }

  /** The connection to the host; with its own key, unless others are pinned. */
  connection(hostKeys = [this.key("host")]): RemoteConnection {
    const { remote } = labHost({ libvirtUri: this.uri, hostKeys }, "dev", join(this.path, ".lab"));
    if (!remote) throw new Error(`${this.uri} is no remote host`);
    return remote;
  }

  private environment(env: Record<string, string>): NodeJS.ProcessEnv {
    return {
      PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
      LD_LIBRARY_PATH: `${UNPACKED}/usr/lib/x86_64-linux-gnu`,
      HOME: this.path,
      ...env,
    };
  }

  /** Writes a program of the project. */
  program(name: string, body: string): string {
    writeFileSync(join(this.path, "assets/probes", name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
    return `./assets/probes/${name}`;
  }

  /** A stack file for this host. */
  stackFile(): void {
    const lines = [
      "config:",
      `  edge-lab:libvirtUri: ${this.uri}`,
      `  edge-lab:hostKeys: [${this.key("host")}]`,
      "  edge-lab:stateDir: .lab/mine",
    ];
    writeFileSync(join(this.path, "Pulumi.dev.yaml"), `${lines.join("\n")}\n`);
  }

  /** Runs a verb of `npm run lab` locally. */
  lab(...words: string[]): Promise<Outcome> {
    const command = [
      "bash",
      "-c",
      'cd "$1"; shift; exec node --import tsx cli/main.ts "$@"',
      "-",
      this.path,
      ...words,
    ];
    return ended(
      spawn("nsenter", ["-t", this.pid, "-n", "-m", "-p", "--", ...command], {
        stdio: ["ignore", "pipe", "pipe"],
        env: this.environment({ EDGE_LAB_CACHE: "/run/cache", PULUMI_STACK: "organization/edge-lab/dev" }),
      }),
    );
  }

  /** Starts remote.sh with these words. */
  begin(
    words: readonly string[],
    env: Record<string, string> = {},
    remote = this.connection(),
  ): ChildProcess {
    const command = [
      "-t",
      this.pid,
      "-n",
      "-m",
      "-p",
      "--",
      join(this.path, "assets/host/remote.sh"),
      ...words,
    ];
    return spawn("nsenter", command, {
      stdio: ["pipe", "pipe", "pipe"],
      env: this.environment({ EDGE_REMOTE: canonicalJson(remote), ...env }),
    });
  }

  /** Runs remote.sh to its end. */
  run(
    words: readonly string[],
    env: Record<string, string> = {},
    input = "",
    remote = this.connection(),
  ): Promise<Outcome> {
    const child = this.begin(words, env, remote);
    child.stdin?.end(input);
    return ended(child);
  }

  /** Runs bash on the host and returns its output. */
  async sh(text: string): Promise<string> {
    const { stdout } = await ended(
      spawn("nsenter", ["-t", this.pid, "-n", "-m", "-p", "--", "bash", "-c", text], {
        stdio: ["ignore", "pipe", "pipe"],
        env: this.environment({}),
      }),
    );
    return stdout.trim();
  }

  /** Waits until a bash command on the host succeeds. */
  async until(text: string, seconds = 20): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while ((await this.sh(`${text} && echo yes`)) !== "yes") {
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Waits for the end of a process. */
export function ended(child: ChildProcess): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout, stderr })));
}
