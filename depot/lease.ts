import type { Outcome, Rollout } from "../protocol/lab";
import type { RolloutState } from "../protocol/status";
import type { Received } from "./received";
import { entry } from "./records";

/** A started rollout, with the failures known at its start, which do not halt it. */
export interface StartedRollout extends Rollout {
  readonly id: string;
  readonly startedAt: string;
  readonly known: readonly string[];
  /** ISO 8601; absent without a lease. */
  readonly leaseUntil?: string;
  readonly ended?: { readonly outcome: Outcome; readonly at: string };
}

/** The rollout with its lease, if any, renewed from now. */
export function renewed(rollout: StartedRollout, now: Date): StartedRollout {
  const { leaseSeconds } = rollout;
  if (typeof leaseSeconds !== "number") return rollout;
  return { ...rollout, leaseUntil: new Date(now.getTime() + leaseSeconds * 1000).toISOString() };
}

/**
 * An expired lease withdraws the rollout but does not end it: a watcher that was only late (a laptop that slept)
 * renews the lease, and the rollout continues.
 */
export function stateOf(rollout: StartedRollout, now: Date): Exclude<RolloutState, "none"> {
  if (rollout.ended) return rollout.ended.outcome;
  const { leaseUntil } = rollout;
  return leaseUntil !== undefined && Date.parse(leaseUntil) <= now.getTime() ? "withdrawn" : "going";
}

/** The last rollout, if it is withdrawn. */
export function withdrawnOf(rollout: StartedRollout | null, now: Date): StartedRollout | undefined {
  return rollout && stateOf(rollout, now) === "withdrawn" ? rollout : undefined;
}

/**
 * The commit that devices must run: the one that the ref names, or the previous one while the ref still names the
 * withdrawn commit. If somebody has moved the ref elsewhere since, the ref counts.
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
 * The target of one device. A device that already runs the withdrawn commit and is not red keeps it: it is healthy, and
 * the next rollout decides whether to continue. (Pending counts too: the device may turn green between its request and
 * the answer, and would then go back.)
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

/** Whether every device is green on the rollout's commit, so that nothing is left to withdraw. */
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
