/**
 * Runs one of the project's programs on the lab's host: main.ts PROGRAM VERB... EDGE_REMOTE describes the host; the
 * other EDGE_ variables and standard input go there, and its output comes back. See assets/host/remote.sh.
 */
import type { ChildProcess } from "node:child_process";
import { text } from "node:stream/consumers";

import { z } from "zod";

import type { RemoteConnection } from "../../lib/remoteHost";
import { requiredEnv, runProgram } from "../../client/program";
import { Connection } from "../../client/remote/connection";
import { REMOTE_HOST } from "../../protocol/paths";

const BEAT_MS = 10_000;

const connection: z.ZodType<RemoteConnection> = z.strictObject({
  user: z.string(),
  host: z.string(),
  port: z.number(),
  keyFile: z.union([z.string(), z.undefined()]),
  knownHosts: z.string(),
  knownHostsFile: z.string(),
  stateDir: z.string(),
});

/** What the engine tells a Command that remembers its last answer. */
const LAST_ANSWER = "PULUMI_COMMAND_STDOUT";

/** Variables for the remote program, without those that concern the local side. */
function environment(): string[] {
  return Object.entries({ ...process.env, EDGE_LAB_CACHE: REMOTE_HOST.cache })
    .filter(
      ([name]) =>
        name === LAST_ANSWER ||
        (name.startsWith("EDGE_") &&
          (!/^EDGE_(REMOTE|LAB_|CALLER_)/.test(name) || name === "EDGE_LAB_CACHE")),
    )
    .map(([name, value]) => `${name}=${value}\0`);
}

/** Sends the remote program its environment and input, then a regular heartbeat: the caller is still waiting. */
function talk(child: ChildProcess, input: string): void {
  child.stdin?.write(`${environment().join("")}\0${input}\0`);
  const beat = setInterval(() => child.stdin?.write("\n"), BEAT_MS);
  child.on("close", () => clearInterval(beat));
}

async function main(): Promise<void> {
  const remote = connection.parse(JSON.parse(requiredEnv("EDGE_REMOTE")));
  const input = process.stdin.isTTY ? "" : await text(process.stdin);
  const words = ["./assets/host/remote-run.sh", ...process.argv.slice(2)];
  process.exitCode = await new Connection(remote, process.cwd()).run(
    words,
    { stdio: ["pipe", "inherit", "inherit"] },
    (child) => talk(child, input),
  );
}

runProgram(main);
