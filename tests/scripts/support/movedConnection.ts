/**
 * A client whose connection's server moves: in network namespaces of this process's own, the address 10.0.0.100 is had
 * by "old" first and by "new", behind the guest's firewall, from the first answer on. movedConnection.ts RULES_FILE
 * prints what became of the connection, and of one made afterwards.
 */
import { execFileSync, spawn } from "node:child_process";
import { connect } from "node:net";

import { sleep } from "../../../lab/env";

const [, , rules = ""] = process.argv;
const ip = (words: string): void => void execFileSync("ip", words.split(" "), { stdio: "inherit" });

function address(server: string): void {
  ip(`netns add ${server}`);
  ip(`link add ${server} type veth peer name eth0 netns ${server}`);
  ip(`link set ${server} up`);
  for (const device of ["lo", "eth0"]) ip(`-n ${server} link set ${device} up`);
  ip(`-n ${server} addr add 10.0.0.100/32 dev eth0`);
  ip(`-n ${server} route add 10.0.9.1 dev eth0`);
  const echo = `require("net").createServer(s => s.on("error", () => 0).on("data", () => s.write("${server}"))).listen(8080)`;
  spawn("ip", ["netns", "exec", server, process.execPath, "-e", echo], { stdio: "ignore" });
}

/** The first thing that a new connection hears; empty within a second of none. */
function hear(): Promise<string> {
  return new Promise((done) => {
    const socket = connect({ host: "10.0.0.100", port: 8080 }, () => socket.write("?"));
    const end = (text: string): void => {
      socket.destroy();
      done(text);
    };
    socket.on("data", (data) => end(data.toString())).on("error", () => end(""));
    socket.setTimeout(1000, () => end(""));
  });
}

async function main(): Promise<void> {
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
  ip("link set lo up");
  ip("addr add 10.0.9.1/32 dev lo");
  for (const server of ["old", "new"]) address(server);
  execFileSync("ip", ["netns", "exec", "new", "nft", "--file", rules], { stdio: "inherit" });
  for (const server of ["new", "old"]) {
    ip(`route replace 10.0.0.100/32 dev ${server} src 10.0.9.1`);
    while ((await hear()) !== server) await sleep(100);
  }
  const socket = connect({ host: "10.0.0.100", port: 8080 });
  const heard: string[] = [];
  let error = "";
  socket
    .on("data", (data) => heard.push(data.toString()))
    .on("error", (e) => (error = (e as NodeJS.ErrnoException).code ?? ""));
  socket.write("?");
  while (heard.length === 0) await sleep(10);
  ip("route replace 10.0.0.100/32 dev new src 10.0.9.1");
  const begun = Date.now();
  socket.write("?");
  const other = await hear();
  while (error === "" && Date.now() - begun < 10_000) await sleep(20);
  console.log(JSON.stringify({ heard, error, seconds: (Date.now() - begun) / 1000, other }));
  process.exit(0);
}

void main();
