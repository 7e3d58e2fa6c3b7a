import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import type { Outcome } from "./sandbox";

/** The tests' commits. */
export const V1 = "1".repeat(64);
export const V2 = "2".repeat(64);
export const V3 = "3".repeat(64);

/** A deployment in the output of `ostree admin status`. */
export interface Deployment {
  readonly commit: string;
  readonly version: string;
  readonly note?: "staged" | "rollback" | "pending";
  readonly booted?: boolean;
}

const STUBS = [
  "ostree",
  "systemctl",
  "systemd-cat",
  "grub-editenv",
  "fsfreeze",
  "sync",
  "mount",
  "keepalived",
];
const GRUBENV_HEAD = "# GRUB Environment Block";
const MORE_STUBS = ["ping", "podman", "unshare"];

/**
 * The guest's files in a directory that serves as the root of a device, with stand-ins for the programs that would
 * change a machine. Each stand-in records its call and then runs the test's code.
 */
export class Guest {
  readonly root = mkdtempSync(join(tmpdir(), "edge-guest-"));
  private readonly bin = join(this.root, "stand-ins");

  /** @param files the image's files, laid out as in the image */
  constructor(files = "assets/guest") {
    cpSync(files, this.root, { recursive: true, verbatimSymlinks: true });
    mkdirSync(this.bin);
    for (const name of [...STUBS, ...MORE_STUBS]) {
      this.standIn(name, "exit 0");
    }
    // Like the real one: a block of 1024 bytes, and any other is refused.
    this.standIn(
      "grub-editenv",
      `file=$1 verb=$2; shift 2
      if [ "$verb" = create ]; then : >"$file.body"
      elif [ "$(head -n 1 "$file" | tr -d '\\0')" != "${GRUBENV_HEAD}" ] || [ "$(stat -c %s "$file")" != 1024 ]; then
        echo "grub-editenv: error: invalid environment block." >&2; exit 1
      else grep = "$file" >"$file.body"
      fi
      for word; do sed -i "/^\${word%%=*}=/d" "$file.body"; [ "$verb" = unset ] || echo "$word" >>"$file.body"; done
      { echo "${GRUBENV_HEAD}"; cat "$file.body"; printf '%1024s' '' | tr ' ' '#'; } | head -c 1024 >"$file"
      rm "$file.body"`,
    );
    this.standIn("ostree", `[ "$*" != "admin status" ] || cat "$EDGE_ROOT/status"`);
    // No network unless a test provides a server.
    this.standIn("curl", "echo could not connect >&2; exit 7");
    this.standIn("systemd-cat", 'cat >>"$EDGE_ROOT/journal"');
    this.write("proc/uptime", "40.12 70.00\n");
    this.write("proc/sys/kernel/random/boot_id", "0a0a0a0a-0000-4000-8000-000000000001\n");
    this.write("proc/net/tcp", "  sl  local_address rem_address   st\n");
    this.write(
      "proc/self/mounts",
      "/dev/vda4 /usr ext4 ro,relatime 0 0\n/dev/vda4 /var ext4 rw,relatime 0 0\n",
    );
    this.write("usr/lib/os-release", 'ID=debian\nOSTREE_VERSION="0.0.1"\n');
    this.grubenv({ boot_success: "0" });
    this.write("dev/console", "");
    this.write("run/ostree-booted", "");
    this.write(
      "ostree/repo/config",
      '[core]\n[remote "edge"]\nurl=http://198.51.100.1:8000/repo\ngpg-verify=false\n',
    );
    mkdirSync(join(this.root, "run/edge"), { recursive: true });
    mkdirSync(join(this.root, "run/ostree"), { recursive: true });
    mkdirSync(join(this.root, "sys/class/net/enp1s0/device"), { recursive: true });
    mkdirSync(join(this.root, "sys/class/net/lo"), { recursive: true });
    this.device({});
    this.deployed([{ commit: V1, version: "0.0.1", booted: true }]);
  }

  /** Writes what the kickstart would write about this device. */
  device(change: Record<string, string>): void {
    const values = {
      EDGE_NAME: "edge-device-1",
      EDGE_ROLE: "primary",
      EDGE_ADDRESS: "198.51.100.11",
      EDGE_VIP: "198.51.100.100",
      EDGE_VIP_STATE: "MASTER",
      EDGE_VIP_PRIORITY: "255",
      EDGE_PEERS: "198.51.100.12",
      EDGE_DEPOT: "http://198.51.100.1:8000",
      EDGE_REGISTRY: "198.51.100.1:5000",
      EDGE_APP_PORT: "8080",
      EDGE_ADVERT_SECONDS: "0.3",
      EDGE_UPGRADE_GATE: "open",
      ...change,
    };
    const lines = Object.entries(values).map(([name, value]) => `${name}="${value}"\n`);
    this.write("etc/edge/device.env", lines.join(""));
  }

  /** Sets OSTree's state: the status text, the root's source, the mark of a staged deployment. */
  deployed(list: readonly Deployment[]): void {
    const booted = list.find((d) => d.booted);
    assert.ok(booted);
    const line = (d: Deployment): string =>
      `${d.booted ? "*" : " "} edge ${d.commit}.0${d.note ? ` (${d.note})` : ""}\n    Version: ${d.version}\n` +
      "    origin refspec: edge:debian/trixie/x86_64/edge\n";
    this.write("status", list.map(line).join(""));
    const home = join(this.root, "ostree/deploy/edge/deploy");
    mkdirSync(join(home, `${booted.commit}.0`), { recursive: true });
    writeFileSync(
      join(home, `${booted.commit}.0.origin`),
      "[origin]\nrefspec=edge:debian/trixie/x86_64/edge\n",
    );
    const path = `/ostree/deploy/edge/deploy/${booted.commit}.0`;
    this.write(
      "proc/self/mountinfo",
      `26 1 254:4 / /sysroot ro - ext4\n27 1 254:4 ${path} / rw - ext4\n28 27 254:4 ${path}/usr /usr ro\n`,
    );
    this.write("usr/lib/os-release", `ID=debian\nOSTREE_VERSION="${booted.version}"\n`);
    const mark = join(this.root, "run/ostree/staged-deployment");
    rmSync(mark, { force: true });
    if (list.some((d) => d.note === "staged")) {
      this.write("run/ostree/staged-deployment", "");
    }
    // libostree touches this directory at every change.
    const soon = Date.now() / 1000 + 1;
    utimesSync(join(this.root, "ostree/deploy"), soon, soon);
  }

  /** Replaces GRUB's environment block. */
  grubenv(values: Readonly<Record<string, string>>, path = "boot/grub/grubenv"): void {
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
    this.write(path, `${GRUBENV_HEAD}\n${lines.join("")}`.padEnd(1024, "#"));
  }

  /** Sets the code of a stand-in, in sh; `$*` are its arguments. */
  standIn(name: string, body: string): void {
    const file = join(this.bin, name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>"$EDGE_ROOT/calls"\n${body}\n`);
    chmodSync(file, 0o755);
  }

  /** Restores the real program. */
  noStandIn(name: string): void {
    rmSync(join(this.bin, name));
  }

  /** Runs one of the guest's programs. */
  run(program: string, args: readonly string[] = [], env: Record<string, string> = {}): Outcome {
    const { status, stdout, stderr } = spawnSync(join(this.root, program), args, this.options(env));
    return { status, stdout, stderr };
  }

  /** The same, with a text on its standard input. */
  runWith(program: string, input: string): Outcome {
    const { status, stdout, stderr } = spawnSync(join(this.root, program), { ...this.options({}), input });
    return { status, stdout, stderr };
  }

  /** The same, while this process keeps serving requests. */
  async served(
    program: string,
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = execFile(join(this.root, program), args, this.options(env), (_error, stdout, stderr) =>
        resolve({ status: child.exitCode, stdout, stderr }),
      );
    });
  }

  /** The same, and it must succeed. */
  ok(program: string, args: readonly string[] = [], env: Record<string, string> = {}): Outcome {
    const outcome = this.run(program, args, env);
    assert.equal(outcome.status, 0, `${program} ${args.join(" ")}: ${outcome.stdout}${outcome.stderr}`);
    return outcome;
  }

  /** Runs bash with the guest's libraries loaded. */
  shell(script: string): string {
    const libraries = [
      "edge",
      "grubenv",
      "deployments",
      "depot",
      "app",
      "problems",
      "boot-end",
      "boot-time",
      "failed",
      "state",
      "health",
      "update-error",
      "attempt",
      "render",
      "vip",
    ];
    const load = libraries.map((l) => `. "${this.root}/usr/libexec/edge/lib/${l}.sh"`).join("\n");
    return this.bash(`set -euo pipefail\nhere="${this.root}/usr/libexec/edge"\n${load}\n${script}`);
  }

  /** Runs bash with the stand-ins; it must succeed. Returns its standard output. */
  bash(script: string): string {
    const { status, stdout, stderr } = spawnSync("bash", ["-c", script], this.options({}));
    assert.equal(status, 0, stderr);
    return stdout;
  }

  /** The recorded calls of the stand-ins, one per line. */
  calls(): string[] {
    const text = existsSync(join(this.root, "calls")) ? this.read("calls") : "";
    return text.split("\n").filter((line) => line !== "");
  }

  forgetCalls(): void {
    rmSync(join(this.root, "calls"), { force: true });
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  json(path: string): unknown {
    return JSON.parse(this.read(path));
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  delete(path: string): void {
    rmSync(join(this.root, path));
  }

  append(path: string, text: string): void {
    appendFileSync(join(this.root, path), text);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private options(env: Record<string, string>): {
    encoding: "utf8";
    timeout: number;
    env: Record<string, string>;
  } {
    const path = `${this.bin}:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
    return {
      encoding: "utf8",
      timeout: 60_000,
      env: { PATH: path, EDGE_ROOT: this.root, HOME: join(this.root, "var/home/core"), ...env },
    };
  }
}
