import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { x } from "tinyexec";
import { z } from "zod";

import type { Findings } from "../../lib/drift";
import type { LabInputs } from "../../lib/labProgram";
import { EMPTY_STATE, parseStackState, type StackState } from "../../lib/stackState";
import { hostProgram } from "../hostProgram";
import { LabError } from "../labError";
import { findDrift } from "./find";

const findings = z.record(z.string(), z.array(z.string()));

/**
 * The stack's state, read from the backend's own file. Empty before the first run, and if the backend is not a folder:
 * then nothing is known about the lab.
 * @param stateDir the local state directory, which holds the backend unless PULUMI_BACKEND_URL names another
 */
export function readStackState(stateDir: string, project: string, stack: string): StackState {
  const url = process.env["PULUMI_BACKEND_URL"];
  const backend = url?.startsWith("file://")
    ? url.slice("file://".length).replace(/\?.*$/, "")
    : join(stateDir, "pulumi");
  const path = join(backend, ".pulumi", "stacks", project, `${stack}.json`);
  return existsSync(path) ? parseStackState(readFileSync(path, "utf8")) : EMPTY_STATE;
}

/** Looks for drift: in this process if it is root on the lab's host, else with a program that is. */
export async function askDrift(
  { host, stack }: Pick<LabInputs, "host" | "stack">,
  state: StackState,
  root: string,
): Promise<Findings> {
  if (state.commands.size === 0) return new Map();
  const { stateDir, libvirtUri, remote } = host;
  if (!remote && process.getuid?.() === 0) return findDrift({ stateDir, libvirtUri, root }, state);
  const { command, args, env } = hostProgram({ host, stack }, [
    "./assets/host/node.sh",
    "operations/drift/main.ts",
  ]);
  const result = await x(command, args, {
    throwOnError: false,
    stdin: JSON.stringify({ commands: [...state.commands.values()], objects: state.objects }),
    nodeOptions: { cwd: root, env: { ...process.env, ...env } },
  });
  if (result.exitCode !== 0) {
    throw new LabError(`the lab could not be asked for its status: ${result.stderr.trim().slice(-500)}`);
  }
  return new Map(Object.entries(findings.parse(JSON.parse(result.stdout))));
}
