import { Fetched } from "../operations/rollout/fetched";
import { ClientLoad } from "./engine/clientLoad";
import { ATTEMPTS } from "./engine/consoleEvents";
import { derive, type DerivedRelease, type Difference } from "./engine/derivedRelease";
import { FAILING_CHECK, faults } from "./engine/faults";
import { holdsCheckFailed, holdsHealthy } from "./engine/invariants";
import { outcome, publish } from "./engine/publish";
import type { Figures, Run, Scenario } from "./engine/scenario";

/** Three attempts until the boot deadline each, and the boot back. */
const LIMIT_SECONDS = 1200;

/** A bad release: how it is made, and what the device must say about it. */
interface Bad {
  readonly name: string;
  difference(run: Run): Difference;
  /** Name of the check that the device remembers the commit by. */
  readonly check: string;
}

/** Published again, the same commit is not even fetched. */
async function holdsRefused(run: Run, device: string, release: DerivedRelease): Promise<void> {
  const { lab, timeline, invariants } = run;
  await lab.ref.move(release.commit);
  timeline.mark("lab", "published", "the same release once more");
  const fetched = await Fetched.since(lab.depot);
  await lab.update(device);
  const status = await lab.ask(device, "ls /run/ostree/staged-deployment 2>/dev/null; true");
  invariants.equal(`${device} does not stage it again`, status, "");
  invariants.equal(`${device} fetches nothing of it`, (await fetched.of(device)).files, 0);
}

async function runBad(run: Run, bad: Bad): Promise<Figures> {
  const { lab, timeline, invariants, base } = run;
  const release = await derive(lab, base, bad.name, bad.difference(run));
  timeline.mark("lab", "composed", release.version);
  const bootIds = new Map((await lab.depot.devices()).map((d) => [d.name, d.report?.bootId]));
  const fetched = await Fetched.since(lab.depot);
  const client = new ClientLoad(lab.appUrl);
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
  if (bad.name === "rollback") {
    await holdsCheckFailed(lab, invariants, device, -1);
    await holdsRefused(run, device, release);
  }
  return {
    "seconds from reboot to healthy again": timeline.between(device, "reboot", "healthy") ?? -1,
    "files fetched": count.files,
    "bytes fetched": count.bytes,
    "requests sent": load.sent,
    "requests failed": load.failed,
    "largest gap between answers, seconds": load.largestGapSeconds,
  };
}

function scenario(summary: string, bad: Bad): Scenario {
  return { summary, run: (run) => runBad(run, bad) };
}

export const rollback = scenario(
  "a release fails a required check three times; the device goes back by itself, no other one tries",
  { name: "rollback", difference: () => faults.required, check: FAILING_CHECK },
);
export const panic = scenario("a release panics at every boot (--in initramfs or system)", {
  name: "panic",
  difference: (run) => (run.options.where === "initramfs" ? faults.panicInitramfs : faults.panicSystem),
  check: "none",
});
export const hang = scenario("a release hangs at every boot (--in initramfs or system)", {
  name: "hang",
  difference: (run) => (run.options.where === "initramfs" ? faults.hangInitramfs : faults.hangSystem),
  check: "none",
});
