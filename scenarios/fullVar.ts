import { waitFor } from "../client/wait";
import { derive } from "./engine/derivedRelease";
import { fillToTheLastBlock, freeDisk } from "./engine/deviceDisk";
import { holdsAnswer, holdsHealthy } from "./engine/invariants";
import { outcome, publish } from "./engine/publish";
import { reboot } from "./engine/reboot";
import type { RunningLab } from "./engine/runningLab";
import type { Figures, Run, Scenario } from "./engine/scenario";

const LIMIT_SECONDS = 300;
/** Each attempt fails quickly, so the next one need not wait for the device's timer. */
const NUDGE_SECONDS = 8;
/** Time for the device's report after it is asked for. */
const REPORT_SECONDS = 90;

/** Whether the device's report says that its disk is full. */
async function saysFull(lab: RunningLab, device: string): Promise<boolean> {
  return (await lab.report(device))?.problems.some((problem) => /disk is full/i.test(problem)) ?? false;
}

/** Keeps the other devices from looking for releases: this one is about a single device. */
async function holdOthers({ lab, undo }: Run, device: string): Promise<() => Promise<void>> {
  const others = lab.names.filter((name) => name !== device);
  const timer = async (verb: "start" | "stop"): Promise<void> => {
    for (const name of others) await lab.ask(name, `sudo systemctl ${verb} edge-update.timer`);
  };
  const release = undo.add(() => timer("start"));
  await timer("stop");
  return release;
}

/** A device's disk is full to the last block, at a boot and when a release arrives. */
export const fullVar: Scenario = {
  summary:
    "the VIP owner's /var is full to the last block at a boot and when a release comes: it boots, serves, and says so",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, undo, base } = run;
    const device = await lab.owner();
    const release = await derive(lab, base, "full-var", {
      files: [{ path: "/usr/share/edge/scenario.txt", content: "It does not fit.\n" }],
    });
    const free = undo.add(() => freeDisk(lab, device));
    await fillToTheLastBlock(lab, device);
    timeline.mark(device, "disk is full");
    const back = await reboot(lab, device, (r) => r.health === "green" && r.vip);
    invariants.hold(
      `${device} boots, is green and has the VIP again`,
      back !== undefined,
      `${back ?? "never"} s`,
    );
    await holdsAnswer(lab, invariants);
    const told = await waitFor(REPORT_SECONDS, () => saysFull(lab, device), 2000);
    invariants.hold(`${device} reports that its disk is full`, told !== undefined);

    await fillToTheLastBlock(lab, device);
    const boot = (await lab.report(device))?.bootId;
    const releaseOthers = await holdOthers(run, device);
    await publish(lab, timeline, release, [device]);
    const verdict = await outcome(lab, release, LIMIT_SECONDS, [device], NUDGE_SECONDS);
    const reason = verdict.kind === "failed" ? verdict.what : verdict.kind;
    invariants.hold(
      "the rollout ends with the reason",
      verdict.kind === "failed" && /free|space/i.test(reason),
      reason,
    );
    await lab.ref.move(base.commit);
    timeline.mark("lab", "withdrawn", release.version);
    await releaseOthers();
    await free();
    timeline.mark(device, "disk is free");
    await lab.update(device);
    const well = await waitFor(REPORT_SECONDS, async () => !(await saysFull(lab, device)), 2000);
    invariants.hold(`${device} has nothing to complain of any more`, well !== undefined);
    const after = (await lab.report(device))?.bootId;
    invariants.equal(`${device} did not reboot for the release`, after, boot);
    await holdsHealthy(lab, invariants, base.commit);
    return {
      "seconds from the reboot to the VIP, disk full": back ?? "never",
      "why it was not staged": reason,
    };
  },
};
