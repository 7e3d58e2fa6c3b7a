import { sleep } from "../../client/wait";
import { idle, nudge, reports } from "../../operations/rollout/fleet";
import { judge, type Verdict } from "../../operations/rollout/verdict";
import type { RunningLab } from "./runningLab";
import type { Run } from "./scenario";
import type { Timeline } from "./timeline";

const POLL_MS = 500;

/** A release that a scenario publishes. */
export interface Publication {
  readonly commit: string;
  readonly version: string;
}

/**
 * Moves the ref and nudges the devices.
 * @param names devices to nudge
 */
export async function publish(
  lab: RunningLab,
  timeline: Timeline,
  release: Publication,
  names: readonly string[] = lab.names,
): Promise<void> {
  lab.allowed();
  await lab.depot.startRollout(release.commit, release.version);
  await lab.ref.move(release.commit);
  timeline.mark("lab", "published", `${release.version} ${release.commit.slice(0, 10)}`);
  await nudge(lab, names);
}

/**
 * Waits until every device is healthy on a published release, or one has failed on it.
 * @param seconds limit of the wait for the next device: they go one after the other, and there may be many
 * @param nudgeSeconds time between two nudges of idle devices
 */
export async function outcome(
  lab: RunningLab,
  release: Publication,
  seconds: number,
  names: readonly string[] = lab.names,
  nudgeSeconds = 30,
): Promise<Verdict> {
  let since = Date.now();
  let left = names.length;
  let nudgedAt = Date.now();
  const gateOpen = (await lab.depot.target()).upgradeGate === "open";
  for (;;) {
    const verdict = judge(await reports(lab.depot), names, { commit: release.commit, gateOpen });
    if (verdict.kind !== "going") return verdict;
    if (verdict.waitingFor.length < left) {
      left = verdict.waitingFor.length;
      since = Date.now();
    }
    if (Date.now() - since > seconds * 1000) return verdict;
    if (Date.now() - nudgedAt > nudgeSeconds * 1000) {
      nudgedAt = Date.now();
      await nudge(lab, idle(verdict.waitingFor));
    }
    await sleep(POLL_MS);
  }
}

/** Publishes a release that every device must take. */
export async function takeTo(run: Run, release: Publication, seconds: number): Promise<void> {
  const { lab, timeline, invariants } = run;
  await publish(lab, timeline, release);
  const verdict = await outcome(lab, release, seconds);
  const why = verdict.kind === "failed" ? `${verdict.device.name}: ${verdict.what}` : verdict.kind;
  invariants.hold(`every device takes ${release.version}`, verdict.kind === "done", why);
}
