import assert from "node:assert/strict";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

import type { HostScripts } from "../../support/hostScripts";
import type { Outcome } from "./sandbox";

/** Files that daemons write meanwhile; a change in them does not come from status. */
const VOLATILE =
  /^(log\/|depot\/data\/state\.json|depot\/access\/|services\/\w[\w-]*\.(lock|started|starts)$)/;

/** Every file below a folder with its mode, size and mtime. */
export function listing(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => !VOLATILE.test(name))
    .map((name) => {
      const file = lstatSync(join(dir, name));
      // A folder's own mtime also depends on the names that are filtered out here.
      const content = file.isDirectory() ? "" : `${file.size} ${file.mtimeMs}`;
      return `${name} ${file.mode.toString(8)} ${content}`;
    })
    .sort();
}

/** The findings in the answer of status, which must be one line of JSON. */
export function driftOf({ status, stdout, stderr }: Outcome): string[] {
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^\{[^\n]*\}\n$/, stdout + stderr);
  const { drift } = JSON.parse(stdout) as { drift: unknown };
  assert.ok(Array.isArray(drift) && drift.every((text) => typeof text === "string" && text !== ""), stdout);
  return drift as string[];
}

/** One object, with its status and apply. */
export interface Drifting {
  readonly stateDir: string;
  status(): Outcome;
  apply(): void;
}

/** The object of a host script, with the environment and input of its Command. */
export function scriptObject(
  host: HostScripts,
  script: string,
  env: Record<string, string> = {},
  input = "",
): Drifting {
  return {
    stateDir: host.stateDir,
    status: () => host.run(script, "status", env),
    apply: () => void host.answer(script, "apply", env, input),
  };
}

/** Breaks the object; status must report that without changing anything, and apply must repair it. */
export function heals(object: Drifting, found: RegExp, breakIt: () => void): void {
  assert.deepEqual(driftOf(object.status()), [], "before");
  breakIt();
  const before = listing(object.stateDir);
  // Twice: daemons keep running, and the fault may show in another place by then.
  for (let i = 0; i < 2; i++) {
    const drift = driftOf(object.status());
    assert.ok(
      drift.some((text) => found.test(text)),
      `${found.source}: ${JSON.stringify(drift)}`,
    );
  }
  assert.deepEqual(listing(object.stateDir), before, "status changes nothing");
  object.apply();
  assert.deepEqual(driftOf(object.status()), [], "after apply");
}
