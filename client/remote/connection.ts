import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { sshOptions, type RemoteConnection } from "../../lib/remoteHost";
import { quoted } from "../../lib/shellWord";
import { LabError } from "../labError";
import { UNREACHABLE } from "../ssh";
import { copyOf, nodeBinary } from "./programCopy";
import { printError } from "../terminal";

/** Exit status of the remote side when its copy of the program differs. */
const OTHER_COPY = 97;
const NO_ROOT = 96;
/** Exit status of the remote side when it lacks a parcel. */
const NO_PARCEL = 98;

/** Text for a program there that cannot come on its standard input, which may be the user's terminal. */
export interface Parcel {
  /** Names it in the program's words, and is its file's name there. */
  readonly id: string;
  readonly text: string;
}

/** Wraps a text. The same text has the same id, so it is sent once. */
export function parcel(text: string): Parcel {
  return { id: createHash("sha256").update(text).digest("hex").slice(0, 32), text };
}

/** Sets $s to what makes a command run as root: nothing, or sudo without a password. */
const AS_ROOT = `s=; [ "$(id -u)" = 0 ] || { s="sudo -n"; $s true 2>/dev/null || exit ${NO_ROOT}; }`;

/** Runs the project's programs on a remote lab host. */
export class Connection {
  private readonly program: string;
  private readonly copy;

  /** @param root the project's folder on this side */
  constructor(
    private readonly remote: RemoteConnection,
    private readonly root: string,
    stack = remote.stateDir.split("/").pop() ?? "",
  ) {
    this.program = `${remote.stateDir}/program`;
    this.copy = copyOf(root, stack);
    mkdirSync(dirname(remote.knownHostsFile), { recursive: true });
    writeFileSync(remote.knownHostsFile, remote.knownHosts);
  }

  /**
   * Runs one of the project's programs there and resolves to its exit status. The words are constants of the project
   * or typed by the user; everything else travels on standard input.
   * @param words a script of the project, and its arguments
   * @param options.brings a text that the program finds by its id in the folder `parcels` of its copy
   * @param start begins to write to its standard input
   */
  async run(
    words: readonly string[],
    options: { stdio: StdioOptions; terminal?: boolean; brings?: Parcel },
    start: (child: ChildProcess) => void = () => undefined,
  ): Promise<number> {
    const [script = "", ...rest] = words;
    const { brings } = options;
    const command = [
      AS_ROOT,
      `[ "$(cat ${this.program}/copy 2>/dev/null)" = ${this.copy.hash} ] || exit ${OTHER_COPY}`,
      ...(brings ? [`$s test -f ${this.program}/parcels/${brings.id} || exit ${NO_PARCEL}`] : []),
      `exec $s ${[join(this.program, script), ...rest].map(quoted).join(" ")}`,
    ].join("; ");
    let status = await this.ssh(command, options, start);
    if (status === OTHER_COPY) {
      await this.send();
      status = await this.ssh(command, options, start);
    }
    if (status !== NO_PARCEL || !brings) return status;
    await this.deliver(brings);
    return this.ssh(command, options, start);
  }

  /** Writes a parcel there, readable for root only. The text travels on standard input. */
  private async deliver({ id, text }: Parcel): Promise<void> {
    const { host } = this.remote;
    const folder = `${this.program}/parcels`;
    const write = `umask 077; mkdir -p ${folder} && cat >${folder}/${id}.new && mv ${folder}/${id}.new ${folder}/${id}`;
    const command = `${AS_ROOT}; $s sh -c ${quoted(write)}`;
    const status = await this.ssh(command, { stdio: ["pipe", "inherit", "inherit"] }, (child) =>
      child.stdin?.end(text),
    );
    if (status !== 0) {
      throw new LabError(
        `the configuration could not be sent to ${host}: status ${status}; see the lines above`,
      );
    }
  }

  /** Removes the lab's folder there, including the program, and the parent folder if this was the last lab. */
  async remove(): Promise<void> {
    const { host, stateDir } = this.remote;
    const all = quoted(dirname(stateDir));
    const command = `${AS_ROOT}; $s rm -rf ${quoted(stateDir)} && { [ ! -d ${all} ] || $s rmdir --ignore-fail-on-non-empty ${all}; }`;
    const status = await this.ssh(command, { stdio: ["ignore", "ignore", "inherit"] }, () => undefined);
    if (status !== 0) throw new LabError(`${stateDir} of ${host} could not be removed: status ${status}`);
  }

  private async send(): Promise<void> {
    const { host, user } = this.remote;
    printError(`remote: copying the program to ${user}@${host}:${this.program}\n`);
    const folder = quoted(this.program);
    const command = [
      AS_ROOT,
      "set -e",
      `$s rm -rf ${folder}.new`,
      `$s mkdir -p ${folder}.new/bin`,
      `$s tar -xzf - -C ${folder}.new`,
      // A process that runs from the old copy has its files open, or has its own retry.
      `$s rm -rf ${folder}.old`,
      `[ ! -e ${folder} ] || $s mv ${folder} ${folder}.old`,
      `$s mv ${folder}.new ${folder}`,
      `$s rm -rf ${folder}.old`,
    ].join("; ");
    const status = await this.ssh(command, { stdio: ["pipe", "inherit", "inherit"] }, (child) => {
      const tar = spawn(
        "bash",
        ["-euo", "pipefail", "-c", PACK, "pack", this.copy.hash, nodeBinary(this.root), ...this.copy.paths],
        {
          cwd: this.root,
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      if (child.stdin) tar.stdout.pipe(child.stdin);
      tar.on("close", (code) => {
        if (code !== 0) child.kill();
      });
    });
    if (status !== 0)
      throw new LabError(`the program could not be copied to ${host}: status ${status}; see the lines above`);
  }

  private ssh(
    command: string,
    { stdio, terminal }: { stdio: StdioOptions; terminal?: boolean },
    start: (child: ChildProcess) => void,
  ): Promise<number> {
    const { host, port, user } = this.remote;
    return new Promise((resolve, reject) => {
      const child = spawn("ssh", [...(terminal ? ["-tt"] : ["-T"]), ...sshOptions(this.remote), command], {
        stdio,
      });
      // If the remote side refuses, ssh ends before it has read everything; its status reports that.
      child.stdin?.on("error", () => undefined);
      let cancelled = false;
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, () => {
          cancelled = true;
          child.kill(signal);
        });
      }
      child.on("error", reject);
      child.on("close", (code) => {
        const where = `${user}@${host}, port ${port}`;
        if (cancelled) resolve(130);
        else if (code === UNREACHABLE) {
          const rule =
            "it is reached by ssh with a key and without a question, and its host key is one of edge-lab:hostKeys";
          reject(
            new LabError(
              `no connection to ${where} (ssh's own words are above); rule: ${rule}; fix: ssh -p ${port} ${user}@${host} true; where the host key was changed on purpose, list the new one`,
            ),
          );
        } else if (code === NO_ROOT) {
          reject(
            new LabError(
              `${where}: ${user} is not root there; rule: root, or sudo without a password; fix: allow it, or log in as root`,
            ),
          );
        } else resolve(code ?? 1);
      });
      start(child);
    });
  }
}

/** Packs the copy, with its hash last, so that an incomplete copy is never used. */
const PACK = `
hash=$1 node=$2 work=$(mktemp -d)
shift 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
cp "$node" "$work/bin/node"
printf '%s\\n' "$hash" >"$work/copy"
tar -cf - --owner=0 --group=0 "$@" -C "$work" bin copy | gzip -1`;
