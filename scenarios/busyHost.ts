import { startClient } from "./engine/clientLoad";
import { derive } from "./engine/derivedRelease";
import { HostLoad } from "./engine/hostLoad";
import { holdsHealthy } from "./engine/invariants";
import { takeTo } from "./engine/publish";
import type { Figures, Run, Scenario } from "./engine/scenario";
import { VipWatch } from "./engine/vipWatch";

/** Time for all devices, one after the other, on an emulated device with a third of a core. */
const LIMIT_SECONDS = 2400;

/** Moves of the VIP that a rollout needs: away from its owner before that reboots, and back. */
const NEEDED_MOVES = 2;

/** Every core of the host is busy while a release rolls out. */
export const busyHost: Scenario = {
  summary:
    "every core of the host is busy while a release rolls out: no device rolls back, the VIP moves only for its owner's reboot",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, undo, base } = run;
    const release = await derive(lab, base, "busy-host", {
      files: [{ path: "/usr/share/edge/scenario.txt", content: "This release came to a busy host.\n" }],
    });
    const client = startClient(run);
    const watch = await VipWatch.start(run);
    const load = HostLoad.start();
    const relieve = undo.add(() => load.stop());
    timeline.mark("lab", "busy", `${load.size} processes keep every core busy`);
    const begun = timeline.seconds;
    await takeTo(run, release, LIMIT_SECONDS);
    const seconds = Math.round(timeline.seconds - begun);
    await holdsHealthy(lab, invariants, release.commit);
    invariants.hold("the host was busy all the time", load.running);
    const answers = await client.stop();
    await relieve();
    await watch.stop();
    timeline.mark("lab", "not busy any more");

    const boots: Record<string, number> = {};
    for (const name of lab.names) {
      invariants.equal(`${name}: rollbacks`, timeline.count(name, "rollback"), 0);
      invariants.equal(`${name}: attempts`, timeline.count(name, "attempt"), 1);
      const report = await lab.report(name);
      const failed = report?.failed.some((f) => f.commit === release.commit) ?? true;
      invariants.hold(`${name} does not hold it against the release`, !failed);
      boots[`${name}: seconds from reboot to healthy`] = timeline.between(name, "reboot", "healthy") ?? -1;
    }
    const needed = lab.names.length > 1 ? NEEDED_MOVES : 0;
    invariants.equal("the VIP moves for its owner's reboot only", watch.moves, needed);
    await takeTo(run, base, LIMIT_SECONDS);
    await holdsHealthy(lab, invariants, base.commit);
    return {
      "rollout on the busy host, seconds": seconds,
      "moves of the VIP": watch.moves,
      "of these needed": needed,
      ...boots,
      "requests sent": answers.sent,
      "requests failed": answers.failed,
      "largest gap between answers, seconds": answers.largestGapSeconds,
    };
  },
};
