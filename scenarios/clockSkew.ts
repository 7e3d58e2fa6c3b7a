import { DEVICE } from "../protocol/paths";
import { derive } from "./engine/derivedRelease";
import { clockOffset, restoreClock, skewClock } from "./engine/deviceClock";
import { holdsHealthy } from "./engine/invariants";
import { takeTo, type Publication } from "./engine/publish";
import type { Figures, Run, Scenario } from "./engine/scenario";

/** Time for all devices, one after the other, without KVM. */
const LIMIT_SECONDS = 900;
/** How wrong a device's clock is. */
const SKEW_SECONDS = 9 * 3600;
/** How wrong the clock of the host was that made the release. */
const STAMP_SECONDS = 30 * 86_400;
/** A device that was told the time may have drifted this far since. */
const DRIFT_SECONDS = 600;

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`;

/** The verdict of the device's boot is on record, and the records of its boots name the time of that device. */
async function holdsRecord({ lab, invariants }: Run, device: string): Promise<void> {
  const report = await lab.report(device);
  const file = `${DEVICE.state}/health/${report?.bootId ?? ""}.json`;
  const record = JSON.parse(await lab.ask(device, `sudo cat ${file}`)) as {
    result?: string;
    commit?: string;
  };
  invariants.equal(
    `${device}: the record of its boot`,
    [record.result, record.commit],
    ["green", report?.booted.commit],
  );
}

/** One rollout with every second device's clock ahead and the others' behind. */
async function rollOut(run: Run, release: Publication, sign: 1 | -1): Promise<void> {
  const { lab, timeline, invariants } = run;
  for (const [i, name] of lab.names.entries()) {
    const offset = (i % 2 === 0 ? sign : -sign) * SKEW_SECONDS;
    await skewClock(lab, name, offset);
    timeline.mark(name, "clock", offset > 0 ? `${hours(offset)} ahead` : `${hours(-offset)} behind`);
  }
  await takeTo(run, release, LIMIT_SECONDS);
  await holdsHealthy(lab, invariants, release.commit);
  for (const [i, name] of lab.names.entries()) {
    const wanted = (i % 2 === 0 ? sign : -sign) * SKEW_SECONDS;
    const offset = await clockOffset(lab, name);
    timeline.mark(name, "clock after the boot", hours(offset));
    // Without this the scenario shows nothing: something has set the clock right before the verdict.
    if (Math.abs(offset - wanted) > DRIFT_SECONDS) timeline.mark(name, "clock was set by the device itself");
    await holdsRecord(run, name);
    const report = await lab.report(name);
    const failed = report?.failed.filter((f) => f.commit === release.commit) ?? [];
    invariants.equal(`${name}: failures of the release`, failed, []);
    invariants.equal(`${name}: attempts`, timeline.count(name, "attempt"), sign === 1 ? 1 : 2);
  }
}

/**
 * Clocks of devices and of the host that makes the releases are wrong, each way. The host's own clock stays: what of it
 * reaches a device is the time in a commit.
 */
export const clockSkew: Scenario = {
  summary:
    "devices' clocks are hours ahead and behind, releases come from a host with a wrong clock: both ways they are taken all the same",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, undo, base } = run;
    for (const name of lab.names) undo.add(() => restoreClock(lab, name));
    const stamp = new Date(Date.now() + STAMP_SECONDS * 1000);
    const release = await derive(lab, base, "clock-skew", {
      files: [{ path: "/usr/share/edge/scenario.txt", content: "This release is from the future.\n" }],
      timestamp: stamp.toISOString(),
    });
    timeline.mark("lab", "composed", `${release.version}, stamped ${stamp.toISOString()}`);
    const begun = timeline.seconds;
    await rollOut(run, release, 1);
    const there = Math.round(timeline.seconds - begun);
    // By its stamp the published release is a month older than what the devices run.
    await rollOut(run, base, -1);
    const back = Math.round(timeline.seconds - begun - there);
    for (const name of lab.names) {
      await restoreClock(lab, name);
      invariants.hold(`${name} has the right time again`, Math.abs(await clockOffset(lab, name)) < 60);
    }
    await holdsHealthy(lab, invariants, base.commit);
    return {
      "skew of a device, hours": SKEW_SECONDS / 3600,
      "rollout of a release from the future, seconds": there,
      "rollout of an older one, seconds": back,
    };
  },
};
