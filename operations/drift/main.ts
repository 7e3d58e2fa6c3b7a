/**
 * Looks for drift on the lab's host, as root: reads the stack's state as {commands, objects} on standard input, and
 * prints the findings by resource name as one JSON document. Changes nothing.
 */
import { text } from "node:stream/consumers";

import { findDrift } from "../../client/drift/find";
import { requiredEnv, runProgram } from "../../client/program";
import type { RecordedCommand, RecordedObject } from "../../lib/stackState";
import { print } from "../../client/terminal";

async function main(): Promise<void> {
  const { commands, objects } = JSON.parse(await text(process.stdin)) as {
    commands: RecordedCommand[];
    objects: RecordedObject[];
  };
  const source = {
    stateDir: requiredEnv("EDGE_STATE_DIR"),
    libvirtUri: requiredEnv("EDGE_LIBVIRT_URI"),
    root: process.cwd(),
  };
  const found = await findDrift(source, { commands: new Map(commands.map((c) => [c.name, c])), objects });
  print(`${JSON.stringify(Object.fromEntries(found))}\n`);
}

runProgram(main);
