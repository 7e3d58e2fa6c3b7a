import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { LabContext } from "../client/context";
import { stacksIn } from "../lib/stateOwner";
import { inState } from "../protocol/paths";

/** What stacks in one state directory share: the backend, and the key of its secrets. */
const SHARED = ["pulumi", "pulumi-home", "passphrase"];

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function removeWhereEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

/**
 * Removes a stack's files once its lab is gone: the state directory, and what `pulumi config set` wrote. Keeps what
 * belongs to another stack: its configuration, its backend, and its own state directory below this one.
 */
export function removeState({ root, stateDir, stack }: LabContext): void {
  const common = join(root, ".lab");
  const config = join(common, "config");
  rmSync(join(config, `Pulumi.${stack}.yaml`), { force: true });
  removeWhereEmpty(config);
  const others = stacksIn(stateDir).some((name) => name !== stack);
  for (const name of entries(stateDir)) {
    const path = join(stateDir, name);
    if (path === config || existsSync(inState(path, "owner")) || (others && SHARED.includes(name))) continue;
    rmSync(path, { recursive: true, force: true });
  }
  removeWhereEmpty(stateDir);
  removeWhereEmpty(common);
}
