import { Fetched } from "../operations/rollout/fetched";
import { startClient } from "./engine/clientLoad";
import { derive } from "./engine/derivedRelease";
import { faults } from "./engine/faults";
import { needsDevices } from "./engine/fit";
import { holdsCheckFailed, holdsHealthy } from "./engine/invariants";
import { takeTo } from "./engine/publish";
import type { Figures, Run, Scenario } from "./engine/scenario";

/** Time for all devices, one after the other: three boots and the pulls, without KVM. */
const LIMIT_SECONDS = 900;

/** Seconds from the reboot into a release to its green verdict, per device. */
function bootSeconds(run: Run): Figures {
  return Object.fromEntries(
    run.lab.names.flatMap((name) => {
      const seconds = run.timeline.between(name, "reboot", "healthy");
      return seconds === undefined ? [] : [[`${name}: seconds from reboot to healthy`, seconds]];
    }),
  );
}

/** A rolling upgrade under client load, to a release with a failing wanted check, and back. */
export const osUpgrade: Scenario = {
  summary:
    "a new release, with a wanted check that fails, rolls over all devices while a client asks the VIP five times a second; then back",
  // With one device the VIP has nowhere to go.
  unfit: needsDevices(2),
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, base } = run;
    const owner = await lab.owner();
    const release = await derive(lab, base, "os-upgrade", {
      files: [
        { path: "/usr/share/edge/scenario.txt", content: "This release came by an upgrade.\n" },
        ...faults.wanted.files,
      ],
    });
    timeline.mark("lab", "composed", `${release.version}, delta of ${release.delta.bytes} bytes`);
    const fetched = await Fetched.since(lab.depot);
    const client = startClient(run);
    const begun = timeline.seconds;
    await takeTo(run, release, LIMIT_SECONDS);
    const seconds = Math.round((timeline.seconds - begun) * 10) / 10;
    const load = await client.stop();
    timeline.mark("lab", "upgraded", `${load.answered} of ${load.sent} requests answered`);

    invariants.equal("no request failed", load.errors, []);
    const rebooted = timeline.events.filter((e) => e.step === "reboot").map((e) => e.subject);
    invariants.equal("the owner of the VIP was the last to reboot", rebooted[rebooted.length - 1], owner);
    await holdsHealthy(lab, invariants, release.commit);
    // A failing wanted check is reported but causes no rollback.
    for (const name of lab.names) await holdsCheckFailed(lab, invariants, name, 0);
    const counts = await fetched.byDevice();
    const boots = bootSeconds(run);

    await takeTo(run, base, LIMIT_SECONDS);
    timeline.mark("lab", "downgraded", base.version);
    await holdsHealthy(lab, invariants, base.commit);
    return {
      "upgrade seconds": seconds,
      "requests sent": load.sent,
      "requests failed": load.failed,
      "largest gap between answers, seconds": load.largestGapSeconds,
      "slowest answer, seconds": load.slowestSeconds,
      "delta bytes": release.delta.bytes,
      ...Object.fromEntries(
        counts.flatMap((c) => [
          [`${c.device}: files fetched`, c.files],
          [`${c.device}: bytes fetched`, c.bytes],
        ]),
      ),
      ...boots,
    };
  },
};
