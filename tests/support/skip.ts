import type Mocha from "mocha";

/** The reason stands in the title: only that comes back from the processes in which mocha runs files side by side. */
const REASON = /\(skipped: (.*?)\)/;

/**
 * Skips the test, or from a `before` hook the suite, that calls it; the output names the reason.
 * A test that is skipped in any other way counts as failed.
 */
export function skipBecause(context: Mocha.Context, reason: string): never {
  const runnable = context.currentTest ?? context.runnable();
  const isHook = "type" in runnable && runnable.type === "hook";
  const skipped = isHook && runnable.parent ? runnable.parent : runnable;
  skipped.title += ` (skipped: ${reason})`;
  context.skip();
}

/** The reason for a skip; undefined if none was given. */
export function reasonOf(test: Mocha.Test): string | undefined {
  return REASON.exec(test.fullTitle())?.[1];
}

/** A skipped test's full title without the reason. */
export function titleOf(test: Mocha.Test): string {
  return test.fullTitle().replace(REASON, "").replace(/ +/g, " ").trim();
}
