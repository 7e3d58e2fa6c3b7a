import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { inState } from "../protocol/paths";
import type { Problem } from "./configErrors";

const PROJECT = "edge-lab";

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    throw e;
  }
}

/** Folder of the file backend with one file per stack. */
function stacksFolder(stateDir: string): string {
  return join(stateDir, "pulumi", ".pulumi", "stacks", PROJECT);
}

/** A stack's file in the state directory's backend; reading it is fast, while the CLI takes half a second. */
export function stackPath(stateDir: string, stack: string): string {
  return join(stacksFolder(stateDir), `${stack}.json`);
}

/** Stacks in the state directory's backend. */
export function stacksIn(stateDir: string): string[] {
  const folder = stacksFolder(stateDir);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

/**
 * The stack that a state directory belongs to. The file `owner` says so (toolchain/lib/state.sh and
 * assets/host/lib/owner.sh read and write it too). A directory of the previous version has none, and belongs to the
 * stack that has resources in its backend.
 * @param stack the caller's stack, which is the owner if several stacks have resources there
 */
export function stateOwner(stateDir: string, stack: string): string | undefined {
  const named = /^stack (.+)$/m.exec(read(inState(stateDir, "owner")))?.[1];
  if (named !== undefined) return named;
  const used = stacksIn(stateDir).filter((name) => read(stackPath(stateDir, name)).includes('"urn:pulumi:'));
  return used.includes(stack) ? stack : used[0];
}

/** Notes that a state directory belongs to the stack, unless an owner is noted already. */
export function claimState(stateDir: string, stack: string, project: string): void {
  const file = inState(stateDir, "owner");
  if (existsSync(file)) return;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `stack ${stack}\nproject ${project}\n`);
  renameSync(`${file}.new`, file);
}

/** The problem if a state directory belongs to another stack; else none. */
export function stateOwnerProblems(stateDir: string, stack: string): Problem[] {
  const owner = stateOwner(stateDir, stack);
  if (owner === undefined || owner === stack) return [];
  return [
    {
      key: "stateDir",
      value: stateDir,
      rule: `is one stack's alone, and this one belongs to stack ${owner}`,
      fix: `write edge-lab:stateDir: .lab-${stack} in Pulumi.${stack}.yaml, or remove the other lab: EDGE_LAB_STACK=${owner} npm run destroy`,
    },
  ];
}
