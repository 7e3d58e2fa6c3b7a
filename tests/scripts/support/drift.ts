import assert from "node:assert/strict";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

import type { Outcome } from "./sandbox";

/** What daemons write while they are asked: no part of what status could change. */
const VOLATILE =
  /^(log\/|depot\/state\.json|depot\/web\/access\.log|services\/\w[\w-]*\.(lock|started|starts)$)/;

/** Every file below a folder with its mode, size and time of change. */
export function listing(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => !VOLATILE.test(name))
    .map((name) => {
      const file = lstatSync(join(dir, name));
      // A folder's own time follows from its names, also from those that are left out here.
      const content = file.isDirectory() ? "" : `${file.size} ${file.mtimeMs}`;
      return `${name} ${file.mode.toString(8)} ${content}`;
    })
    .sort();
}

/** The answer of status, which must be one line of JSON with a list of texts. */
export function driftOf({ status, stdout, stderr }: Outcome): string[] {
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^\{[^\n]*\}\n$/, stdout + stderr);
  const { drift } = JSON.parse(stdout) as { drift: unknown };
  assert.ok(Array.isArray(drift) && drift.every((text) => typeof text === "string" && text !== ""), stdout);
  return drift as string[];
}

/** One object: how it is asked, made and broken. */
export interface Drifting {
  readonly stateDir: string;
  status(): Outcome;
  apply(): void;
}

/** Breaks the object, and holds status to naming it without changing anything, and apply to healing it. */
export function heals(object: Drifting, found: RegExp, breakIt: () => void): void {
  assert.deepEqual(driftOf(object.status()), [], "before");
  breakIt();
  const before = listing(object.stateDir);
  // Twice: daemons go on, and what is broken may show in one more place by then.
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
