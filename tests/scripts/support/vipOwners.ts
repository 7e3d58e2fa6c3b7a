/**
 * The lab's devices share an address by the real keepalived: each in a network namespace of this process, on one bridge,
 * with the configuration that the guest's own scripts render. `vipOwners.ts ROOT...` takes the roots of the guests, the
 * primary first, then the backups, then a new device that the others do not know, and prints what it saw as JSON.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { sleep } from "../../../client/wait";
import type { DeviceSettings } from "../../../protocol/deviceSettings";
import { testCache } from "../../support/cache";

const VIP = "10.0.9.100";
const LIB = "/usr/libexec/edge";
const UNPACKED = testCache("unpacked");
const LIBRARIES = join(UNPACKED, "usr/lib/x86_64-linux-gnu");
/** Another one than the distribution's, for example that of an image. */
const KEEPALIVED = process.env["EDGE_TEST_KEEPALIVED"] ?? join(UNPACKED, "usr/sbin/keepalived");
/** Of keepalived's parts, each a process of its own if it is used. */
const PID_FILES = ["vrrp", "checkers", "bfd"];
/** Longer than three intervals of advertisements, milliseconds. */
const SETTLED = 2500;
const ip = (words: string): void => void execFileSync("ip", words.split(" "), { stdio: "inherit" });

/** A device: its namespace, and its keepalived. */
class Device {
  private log = "";

  constructor(
    readonly name: string,
    readonly address: string,
    readonly root: string,
  ) {
    ip(`netns add ${name}`);
    ip(`link add ${name} type veth peer name eth0 netns ${name}`);
    ip(`link set ${name} master br0 up`);
    for (const link of ["lo", "eth0"]) ip(`-n ${name} link set ${link} up`);
    ip(`-n ${name} addr add ${address}/24 dev eth0`);
  }

  private get pidFile(): string {
    return join(this.root, "keepalived.pid");
  }

  /** What the device's scripts see: the guest's root, and what the image's units are told. */
  private get env(): Record<string, string> {
    const path = `${this.root}/stand-ins:${process.env["PATH"] ?? ""}`;
    return { PATH: path, EDGE_ROOT: this.root };
  }

  start(): void {
    this.run(join(this.root, "keepalived-unit"), "start");
    const args = ["--dont-fork", "--vrrp", "--log-console", "--log-detail"];
    const files = [`--use-file=${this.root}/test.conf`, `--pid=${this.pidFile}`];
    const command = [
      KEEPALIVED,
      ...args,
      ...files,
      ...PID_FILES.map((name) => `--${name}_pid=${this.root}/${name}.pid`),
    ];
    const child = spawn("ip", ["netns", "exec", this.name, ...command], {
      env: { ...this.env, LD_LIBRARY_PATH: LIBRARIES },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => (this.log += data.toString()));
    }
  }

  /** As if its power was cut. */
  cut(): void {
    ip(`link set ${this.name} down`);
    // The parent first: on the child's end it would start another one.
    for (const file of [this.pidFile, join(this.root, "vrrp.pid")]) {
      process.kill(Number(readFileSync(file, "utf8")), "SIGKILL");
      rmSync(file);
    }
    spawnSync("ip", ["-n", this.name, "addr", "del", `${VIP}/32`, "dev", "eth0"]);
    ip(`link set ${this.name} up`);
  }

  /** The device's program `settings` gets what it has not been told before; keepalived reloads. */
  settings(change: { advertSeconds: number; vipPriority: number }): void {
    const operator = { authorizedKeys: ["k"], passwordHash: "$6$a$b", passwordLogin: false };
    const given: DeviceSettings = { idleSeconds: 60, ...operator, ...change };
    const file = join(this.root, "settings.json");
    writeFileSync(file, JSON.stringify(given));
    this.run("sh", "-c", `exec ${this.root}${LIB}/settings <${file}`);
  }

  /** The depot names other peers than before. */
  peers(list: readonly string[]): void {
    const load = ["edge", "app", "render"].map((name) => `. ${this.root}${LIB}/lib/${name}.sh`).join("; ");
    const script = `${load}; edge_load_env; edge_put "$STATE/peers" "${list.join(" ")}"; apply_keepalived`;
    this.run("bash", "-euo", "pipefail", "-c", script);
  }

  /** Runs a program of the device in its namespace. */
  private run(...command: string[]): void {
    execFileSync("ip", ["netns", "exec", this.name, ...command], { env: this.env, stdio: ["ignore", 2, 2] });
  }

  mayOwn(): void {
    writeFileSync(join(this.root, "run/edge/peers-known"), "");
  }

  get owns(): boolean {
    const words = ["-n", this.name, "-o", "-4", "address", "show", "to", `${VIP}/32`];
    return execFileSync("ip", words, { encoding: "utf8" }) !== "";
  }

  /** How often it has taken the address. */
  get takeovers(): number {
    return this.log.split("Entering MASTER STATE").length - 1;
  }

  /** Whether its keepalived has heard of an address. */
  heardOf(address: string): boolean {
    return this.log.includes(`${address} `);
  }

  get complaints(): string[] {
    return this.log.split("\n").filter((line) => /unknown keyword|config error|unsafe|disabling/i.test(line));
  }
}

async function main(): Promise<void> {
  execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
  execFileSync("mount", ["-t", "sysfs", "sysfs", "/sys"]);
  // keepalived runs nothing that others than root can change: the guests' roots are below such a folder.
  execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/usr/libexec"]);
  const [, , ...roots] = process.argv;
  execFileSync("cp", ["-a", join(roots[0] ?? "", LIB), LIB]);
  mkdirSync("/run/netns", { recursive: true });
  ip("link add br0 type bridge");
  ip("link set br0 up");
  const devices = roots.map((root, i) => new Device(`d${i + 1}`, `10.0.9.${11 + i}`, root));
  const [primary, first, second, late, stranger] = devices;
  if (!primary || !first || !second || !late || !stranger) throw new Error("too few roots");
  const old = [primary, first, second];
  const owners = (): string[] => devices.filter((d) => d.owns).map((d) => d.name);
  const seen: Record<string, unknown> = {};
  /** The owner after everything has settled, and how often each device has taken the address since the last time. */
  let counted = devices.map(() => 0);
  const look = async (what: string): Promise<void> => {
    await sleep(SETTLED);
    const now = devices.map((d) => d.takeovers);
    seen[what] = { owners: owners(), takeovers: now.map((n, i) => n - (counted[i] ?? 0)) };
    counted = now;
  };

  for (const device of old) device.mayOwn();
  for (const device of old) device.start();
  await sleep(SETTLED);
  await look("at first");

  late.start();
  await look("a new device that nobody knows");
  for (const device of old) device.peers(old.concat(late).map((d) => d.address));
  await look("its peers learn of it");
  late.mayOwn();
  await sleep(3000); // until keepalived asks its check again
  await look("it may own the address");

  stranger.mayOwn();
  stranger.start();
  await sleep(3000);
  await look("a stranger with a higher priority and address");
  stranger.cut();

  primary.cut();
  await look("the primary loses power");
  primary.start();
  await sleep(3000);
  await look("it comes back");

  // The list is reordered: the late one is now the first of the backups.
  [late, first, second].forEach((d, i) => d.settings({ advertSeconds: 0.3, vipPriority: 254 - i }));
  await look("other priorities");
  primary.cut();
  await look("the primary loses power again");
  primary.start();
  await sleep(3000);
  await look("and comes back");

  const all = [primary, late, first, second];
  const interval = (advertSeconds: number): void =>
    all.forEach((d, i) => d.settings({ advertSeconds, vipPriority: 255 - i }));
  interval(1);
  await look("a longer interval");
  await sleep(SETTLED);
  interval(0.2);
  await look("a shorter interval");

  console.log(
    JSON.stringify({
      seen,
      heardStranger: old.some((d) => d.heardOf(stranger.address)),
      complaints: devices.flatMap((d) => d.complaints),
    }),
  );
  process.exit(0);
}

void main();
