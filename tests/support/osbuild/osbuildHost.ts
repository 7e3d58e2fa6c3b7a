import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import type { Outcome } from "../hostScripts";
import { TempDir } from "../tempProject";
import { WeldrServer } from "./weldrServer";

/** The client under test: the stand-in, or the real program. */
export interface Client {
  readonly name: string;
  /** Path of the program; undefined if this host has none. */
  readonly path: string | undefined;
}

/** This host's composer-cli: EDGE_LAB_COMPOSER_CLI, or the installed one. */
export function realClient(): Client {
  const named = process.env["EDGE_LAB_COMPOSER_CLI"];
  const path =
    named ?? spawnSync("bash", ["-c", "command -v composer-cli"], { encoding: "utf8" }).stdout.trim();
  return { name: "the real composer-cli", path: path === "" ? undefined : path };
}

export const standInClient: Client = {
  name: "a stand-in",
  path: resolve("tests/support/osbuild/composer-cli"),
};

const run = (command: string, args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
};

/**
 * A host with the osbuild backend: its verbs in an awkwardly named folder, the weldr API on a socket, and stand-ins for
 * programs that Debian lacks. Each stand-in records its calls.
 */
export class OsbuildHost {
  private readonly dir = new TempDir("edge lab $(osbuild) ");
  readonly path = this.dir.copy("assets/builders", "assets/guest").path;
  readonly state = join(this.path, "the state");
  readonly weldr: WeldrServer;
  private readonly sockets = new TempDir("weldr-");
  private images = 0;

  constructor(client: Client) {
    mkdirSync(join(this.path, "bin"));
    mkdirSync(this.state);
    const socket = join(this.sockets.path, "api.socket");
    this.weldr = new WeldrServer(socket);
    const calls = join(this.path, "calls");
    this.program(
      "composer-cli",
      client === standInClient
        ? `export WELDR_SOCKET='${socket}' COMPOSER_CALLS='${calls}'\nexec '${client.path ?? ""}' "$@"`
        : `echo "composer-cli $*" >>'${calls}'\nexec '${client.path ?? ""}' --socket '${socket}' --cloudsocket /nonexistent "$@"`,
    );
    // "rpm-ostree db list" prints a header, then the packages; here they come from a file in the commit.
    this.program(
      "rpm-ostree",
      `echo "rpm-ostree $*" >>'${calls}'
repo=\${3#--repo=}
[[ "$1 $2" == "db list" ]] || { echo "error: Unknown command '$1'" >&2; exit 1; }
echo "ostree commit: $4"
ostree --repo="$repo" cat "$4" /usr/share/packages | sed 's/^/ /'`,
    );
  }

  /** Writes a program that comes before the host's own. */
  program(name: string, body: string): void {
    writeFileSync(join(this.path, "bin", name), `#!/usr/bin/env bash\n${body}\n`, { mode: 0o755 });
  }

  calls(of: string): string[] {
    const path = join(this.path, "calls");
    if (!existsSync(path)) return [];
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.startsWith(`${of} `));
  }

  /** Names below the state directory. */
  files(folder = ""): string[] {
    const path = join(this.state, folder);
    return existsSync(path) ? readdirSync(path).sort() : [];
  }

  read(path: string): string {
    return readFileSync(join(this.state, path), "utf8");
  }

  /**
   * The image builder's result for a release: a tar with a repository and compose.json.
   * @param change what is wrong with it
   */
  image(
    packages: readonly string[],
    options: { parent?: string; ref?: string; composeJson?: object | undefined } = {},
  ): { tar: string; commit: string } {
    const ref = options.ref ?? "rhel/9/x86_64/edge";
    const dir = join(this.path, `image${this.images++}`);
    const tree = join(dir, "tree");
    mkdirSync(join(tree, "usr/share"), { recursive: true });
    writeFileSync(join(tree, "usr/share/packages"), `${packages.join("\n")}\n`);
    const repo = join(dir, "repo");
    run("ostree", ["init", `--repo=${repo}`, "--mode=archive"]);
    run("ostree", [
      "commit",
      `--repo=${repo}`,
      `--branch=${ref}`,
      `--parent=${options.parent ?? "none"}`,
      `--tree=dir=${tree}`,
      "--owner-uid=0",
      "--owner-gid=0",
      "--no-xattrs",
    ]);
    const commit = run("ostree", ["rev-parse", `--repo=${repo}`, ref]);
    // Like rpm-ostree compose --write-composejson-to.
    const composeJson = options.composeJson ?? {
      ref,
      "ostree-n-metadata-total": 5,
      "ostree-n-content-total": 1,
      "ostree-content-bytes-written": 10,
      "ostree-commit": commit,
      "ostree-timestamp": "2026-01-01T00:00:00Z",
      "rpm-ostree-inputhash": "0".repeat(64),
    };
    writeFileSync(join(dir, "compose.json"), JSON.stringify(composeJson));
    const tar = join(dir, "commit.tar");
    run("tar", ["-C", dir, "-cf", tar, "compose.json", "repo"]);
    return { tar, commit };
  }

  /** Runs a verb while the server keeps answering. */
  async verb(name: string, input: object, env: Record<string, string> = {}): Promise<Outcome> {
    const child = spawn(join(this.path, "assets/builders/osbuild", name), [], {
      cwd: this.path,
      env: {
        PATH: `${join(this.path, "bin")}:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
        HOME: this.path,
        EDGE_COMPOSE_POLL: "0.05",
        ...env,
      },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => (stdout += String(data)));
    child.stderr.on("data", (data) => (stderr += String(data)));
    child.stdin.end(JSON.stringify({ stateDir: this.state, cacheDir: join(this.path, "cache"), ...input }));
    const status = await new Promise<number | null>((ended) => child.on("close", ended));
    return { status, stdout, stderr };
  }

  async start(): Promise<void> {
    await this.weldr.start();
  }

  async remove(): Promise<void> {
    await this.weldr.stop();
    this.sockets.remove();
    this.dir.remove();
  }
}
