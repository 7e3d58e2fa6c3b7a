import { derive } from "./engine/derivedRelease";
import { fillForOstree, freeDisk } from "./engine/deviceDisk";
import { holdsHealthy } from "./engine/invariants";
import { outcome, publish } from "./engine/publish";
import { Random } from "./engine/random";
import type { Figures, Run, Scenario } from "./engine/scenario";

const LIMIT_SECONDS = 300;
/** Each attempt fails quickly, so the next one need not wait for the device's timer. */
const NUDGE_SECONDS = 8;
/** Size of a release that does not fit on the disk, characters. */
const CONTENT_LENGTH = 16_000_000;
/** Space left in addition to what ostree keeps free, MiB. */
const LEFT_MIB = 4;

/** A device's disk is full when a release arrives. */
export const fullDisk: Scenario = {
  summary:
    "a release does not fit on a device's disk: the rollout ends with the reason, nothing is left of it",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, undo, base } = run;
    const device = await lab.follower();
    const content = new Random(run.options.seed).text(CONTENT_LENGTH);
    const release = await derive(lab, base, "full-disk", {
      files: [{ path: "/usr/share/edge/scenario.txt", content }],
    });
    const empty = undo.add(() => freeDisk(lab, device));
    await fillForOstree(lab, device, LEFT_MIB);
    timeline.mark(device, "disk is full");
    await publish(lab, timeline, release);
    const verdict = await outcome(lab, release, LIMIT_SECONDS, lab.names, NUDGE_SECONDS);
    const reason = verdict.kind === "failed" ? verdict.what : verdict.kind;
    const told = verdict.kind === "failed" && verdict.device.name === device && /free|space/i.test(reason);
    invariants.hold("the rollout ends with the reason", told, reason);
    await lab.ref.move(base.commit);
    await empty();
    await lab.update(device);
    const left = await lab.ask(
      device,
      "sudo find /ostree/repo/tmp -name '*.filez*' -o -name 'tmpobject*' -o -name '*.file' | wc -l",
    );
    invariants.equal(`${device} keeps nothing of what it fetched`, left.trim(), "0");
    await holdsHealthy(lab, invariants, base.commit);
    return { "why it could not be staged": reason };
  },
};
