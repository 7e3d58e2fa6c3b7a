import { Fetched } from "../../operations/rollout/fetched";
import { startClient } from "./clientLoad";
import { ATTEMPTS } from "./consoleEvents";
import { derive, type DerivedRelease, type Difference } from "./derivedRelease";
import { holdsHealthy } from "./invariants";
import { outcome, publish } from "./publish";
import type { Figures, Run } from "./scenario";

/** Three attempts, each until the boot deadline, and the boot back. */
const LIMIT_SECONDS = 1200;

/** A release that no device may stay on: how to make it, and what the device must report. */
export interface BadRelease {
  /** Names the release; a scenario's own name. */
  readonly name: string;
  difference(run: Run): Difference;
  /** Check that the device records with the failed commit; `none` if the boot did not reach the checks. */
  readonly check: string;
  /** Further invariants once the device is back; its figures are added. */
  readonly afterwards?: (run: Run, device: string, release: DerivedRelease) => Promise<void>;
}

/**
 * Publishes a bad release under load and checks the invariants: the first device that takes it comes back by itself
 * after all its attempts and remembers it, no other device reboots, and no request is lost.
 */
export async function runBadRelease(run: Run, bad: BadRelease): Promise<Figures> {
  const { lab, timeline, invariants, base } = run;
  const release = await derive(lab, base, bad.name, bad.difference(run));
  timeline.mark("lab", "composed", release.version);
  const bootIds = new Map((await lab.depot.devices()).map((d) => [d.name, d.report?.bootId]));
  const fetched = await Fetched.since(lab.depot);
  const client = startClient(run);
  await publish(lab, timeline, release);
  const verdict = await outcome(lab, release, LIMIT_SECONDS);
  await lab.ref.move(base.commit);
  timeline.mark("lab", "withdrawn", release.version);
  invariants.equal("the release fails on a device", verdict.kind, "failed");
  if (verdict.kind !== "failed") {
    await client.stop();
    return {};
  }
  const device = verdict.device.name;
  await holdsHealthy(lab, invariants, base.commit);
  const load = await client.stop();
  invariants.equal("no request failed", load.errors, []);
  invariants.equal(`${device}: attempts`, timeline.count(device, "attempt"), ATTEMPTS);
  invariants.equal(`${device}: rollbacks`, timeline.count(device, "rollback"), 1);
  for (const { name, report } of await lab.depot.devices()) {
    if (name === device) {
      const failed = report?.failed.find((f) => f.commit === release.commit);
      invariants.equal(`${name} remembers the commit as failed by`, failed?.check, bad.check);
    } else {
      invariants.hold(`${name} did not reboot`, report?.bootId === bootIds.get(name));
    }
  }
  const count = await fetched.of(device);
  await bad.afterwards?.(run, device, release);
  return {
    "seconds from reboot to healthy again": timeline.between(device, "reboot", "healthy") ?? -1,
    "files fetched": count.files,
    "bytes fetched": count.bytes,
    "requests sent": load.sent,
    "requests failed": load.failed,
    "largest gap between answers, seconds": load.largestGapSeconds,
  };
}
