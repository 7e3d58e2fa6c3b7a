import type Mocha from "mocha";

const reasons = new WeakMap<object, string>();

/**
 * Skips the test, or from a `before` hook the suite, that calls it; the output names the reason.
 * A test that is skipped in any other way counts as failed.
 */
export function skipBecause(context: Mocha.Context, reason: string): never {
  const runnable = context.currentTest ?? context.runnable();
  const isHook = "type" in runnable && runnable.type === "hook";
  reasons.set(isHook && runnable.parent ? runnable.parent : runnable, reason);
  context.skip();
}

/** The reason for a skip; undefined if none was given. */
export function reasonOf(test: Mocha.Test): string | undefined {
  let at: Mocha.Test | Mocha.Suite | undefined = test;
  while (at) {
    const reason = reasons.get(at);
    if (reason !== undefined) return reason;
    at = at.parent;
  }
  return undefined;
}
