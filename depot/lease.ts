import type { Outcome, Rollout } from "../protocol/lab";
import type { RolloutState } from "../protocol/status";
import type { Received } from "./received";
import { entry } from "./records";

/** A started rollout, with the failures that were known before: they are why it was started anew. */
export interface StartedRollout extends Rollout {
  readonly id: string;
  readonly startedAt: string;
  readonly known: readonly string[];
  /** ISO 8601; absent without a lease. */
  readonly leaseUntil?: string;
  readonly ended?: { readonly outcome: Outcome; readonly at: string };
}

/** The rollout with its lease, where it has one, from now on. */
export function renewed(rollout: StartedRollout, now: Date): StartedRollout {
  const { leaseSeconds } = rollout;
  if (typeof leaseSeconds !== "number") return rollout;
  return { ...rollout, leaseUntil: new Date(now.getTime() + leaseSeconds * 1000).toISOString() };
}

/**
 * A lease that has run out withdraws the rollout. It is no end: a watcher that was only late (a laptop that slept)
 * renews it, and the rollout goes on.
 */
export function stateOf(rollout: StartedRollout, now: Date): Exclude<RolloutState, "none"> {
  if (rollout.ended) return rollout.ended.outcome;
  const { leaseUntil } = rollout;
  return leaseUntil !== undefined && Date.parse(leaseUntil) <= now.getTime() ? "withdrawn" : "going";
}

/** The withdrawn rollout, if the last one is that. */
export function withdrawnOf(rollout: StartedRollout | null, now: Date): StartedRollout | undefined {
  return rollout && stateOf(rollout, now) === "withdrawn" ? rollout : undefined;
}

/**
 * The commit that devices shall run: what the ref names, or, while it still names what was withdrawn, the commit
 * before. A ref that somebody has moved elsewhere meanwhile is the truth.
 */
export function labTarget(
  published: string | null,
  rollout: StartedRollout | null,
  now: Date,
): string | null {
  const withdrawn = withdrawnOf(rollout, now);
  const back = withdrawn?.targetCommit === published ? withdrawn.from : undefined;
  return back ?? published;
}

/**
 * What one device is told. A device that runs the withdrawn commit already, and is not red, keeps it: it is healthy,
 * and whether the rollout goes on is for the next one to say. (Pending too: it may turn green between its question
 * and the answer, and would go back.)
 */
export function deviceTarget(
  { report }: Received,
  target: string | null,
  rollout: StartedRollout | null,
  now: Date,
): string | null {
  const withdrawn = withdrawnOf(rollout, now);
  const keeps = report.booted.commit === withdrawn?.targetCommit && report.health !== "red";
  return keeps && withdrawn.from === target ? withdrawn.targetCommit : target;
}

/** Whether every device is green on the rollout's commit: nothing is left that could be withdrawn. */
export function isEverywhere(
  rollout: StartedRollout,
  names: readonly string[],
  devices: Readonly<Record<string, Received>>,
): boolean {
  return names.every((name) => {
    const report = entry(devices, name)?.report;
    return report?.health === "green" && report.booted.commit === rollout.targetCommit;
  });
}
