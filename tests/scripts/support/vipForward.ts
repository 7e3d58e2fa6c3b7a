/**
 * Clients of an address that moves: two devices on one bridge, in network namespaces of this process, each prepared by
 * the guest's own script. `vipForward.ts OLD_ROOT NEW_ROOT` takes the roots of two guests and prints the clients'
 * results as JSON.
 */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

import { sleep } from "../../../client/wait";

const VIP = "10.0.9.100";
const PORT = 8080;
const [, , oldRoot = "", newRoot = ""] = process.argv;
const ip = (words: string): void => void execFileSync("ip", words.split(" "), { stdio: "inherit" });

/** A client that keeps its connection. */
class Client {
  heard = "";
  error = "";
  private readonly socket: Socket = connect({ host: VIP, port: PORT });

  private constructor() {
    this.socket
      .on("data", (data) => (this.heard += data.toString()))
      .on("error", (e) => (this.error = (e as NodeJS.ErrnoException).code ?? e.message));
  }

  /** Resolves when the device has accepted the connection, before any request. */
  static async connected(): Promise<Client> {
    const client = new Client();
    await new Promise((done, fail) => client.socket.once("connect", done).once("error", fail));
    return client;
  }

  /** Sends a request and waits for an answer or an error; returns the seconds it took. */
  async ask(seconds = 15): Promise<number> {
    const begun = Date.now();
    const before = this.heard;
    this.socket.write("?");
    while (this.heard === before && this.error === "" && Date.now() - begun < seconds * 1000) await sleep(20);
    return (Date.now() - begun) / 1000;
  }

  end(): void {
    this.socket.destroy();
  }
}

function device(name: string, address: string, root: string): void {
  ip(`netns add ${name}`);
  ip(`link add ${name} type veth peer name eth0 netns ${name}`);
  ip(`link set ${name} master br0 up`);
  for (const link of ["lo", "eth0"]) ip(`-n ${name} link set ${link} up`);
  ip(`-n ${name} addr add ${address}/24 dev eth0`);
  execFileSync("ip", ["netns", "exec", name, join(root, "usr/libexec/edge/keep-connections")], {
    stdio: "inherit",
    env: { ...process.env, EDGE_ROOT: root },
  });
  const serve = `require("net").createServer(s => s.on("error", () => 0).on("data", () => s.write("${name}"))).listen(${PORT})`;
  spawn("ip", ["netns", "exec", name, process.execPath, "-e", serve], { stdio: "ignore" });
}

/** Clears the device's memory. Its server stays behind in the old namespace, without a network. */
async function reboot(name: string, address: string, root: string): Promise<void> {
  ip(`link del ${name}`);
  ip(`netns del ${name}`);
  await sleep(500);
  device(name, address, root);
}

/** Like keepalived: moves the address from one interface to the other, and announces it to the neighbours. */
function moveVip(from: string, to: string): void {
  ip(`-n ${from} addr del ${VIP}/32 dev eth0`);
  giveVip(to);
}

function giveVip(to: string): void {
  ip(`-n ${to} addr add ${VIP}/32 dev eth0`);
  const words = ["netns", "exec", to, "cat", "/sys/class/net/eth0/address"];
  const mac = execFileSync("ip", words, { encoding: "utf8" }).trim();
  ip(`neigh replace ${VIP} lladdr ${mac} dev br0 nud reachable`);
}

/** Waits until this device answers a new connection. */
async function answeredBy(name: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const client = await Client.connected().catch(() => undefined);
    await client?.ask(1);
    client?.end();
    if (client?.heard === name) return;
    await sleep(100);
  }
  throw new Error(`${name} does not answer`);
}

const framesTo = (name: string): number =>
  Number(readFileSync(`/sys/class/net/${name}/statistics/tx_packets`, "utf8"));

async function main(): Promise<void> {
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
  execFileSync("mount", ["-t", "sysfs", "sysfs", "/sys"]);
  ip("link set lo up");
  ip("link add br0 type bridge");
  ip("link set br0 up");
  ip("addr add 10.0.9.1/24 dev br0");
  ip(`route add ${VIP} dev br0`);
  device("old", "10.0.9.11", oldRoot);
  device("new", "10.0.9.12", newRoot);
  giveVip("new");
  await answeredBy("new");
  moveVip("new", "old");
  await answeredBy("old");

  const accepted = await Client.connected();
  const kept = await Client.connected();
  await kept.ask();
  const doomed = await Client.connected();
  await doomed.ask();
  moveVip("old", "new");
  const acceptedSeconds = await accepted.ask();
  await kept.ask();
  await answeredBy("new");

  // The old owner is gone, then comes back with an empty memory.
  ip("link set old down");
  const doomedSeconds = await doomed.ask();
  const forgotten = await Client.connected();
  await forgotten.ask();
  await reboot("old", "10.0.9.11", oldRoot);
  moveVip("new", "old");
  await answeredBy("old");
  await reboot("new", "10.0.9.12", newRoot);
  const frames = framesTo("old") + framesTo("new");
  const forgottenSeconds = await forgotten.ask();
  console.log(
    JSON.stringify({
      accepted: { heard: accepted.heard, error: accepted.error, seconds: acceptedSeconds },
      kept: { heard: kept.heard, error: kept.error },
      doomed: { heard: doomed.heard, error: doomed.error, seconds: doomedSeconds },
      forgotten: { heard: forgotten.heard, error: forgotten.error, seconds: forgottenSeconds },
      framesForTheForgotten: framesTo("old") + framesTo("new") - frames,
    }),
  );
  process.exit(0);
}

void main();
