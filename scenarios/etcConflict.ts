import { sleep, waitFor } from "../client/wait";
import { deviceProgram } from "../protocol/paths";
import { derive, type DerivedRelease } from "./engine/derivedRelease";
import { holdsHealthy } from "./engine/invariants";
import { outcome, publish, takeTo } from "./engine/publish";
import type { Figures, Run, Scenario } from "./engine/scenario";

/** Three reboots in vain, the last report, and the boots of others meanwhile. */
const LIMIT_SECONDS = 900;
/** Time for a device to fall for the release again, once it has given it up. */
const QUIET_SECONDS = 60;
/** Time for devices to drop what they have staged. */
const DROP_SECONDS = 120;
/** Reboots that a device may spend on a release that ostree does not finalise. */
const MOST_ATTEMPTS = 3;
/** A file that the operator has made, a directory in the release. */
const NAME = "edge-scenario";

/** All that a device says of a commit that it could not take. */
async function saidOf({ lab }: Run, device: string, commit: string): Promise<string> {
  const report = await lab.report(device);
  const failed = report?.failed.filter((f) => f.commit === commit).map((f) => f.output ?? "") ?? [];
  const error = report?.updateError?.commit === commit ? [report.updateError.output] : [];
  return [...failed, ...error].join("\n");
}

/** The device has given up: it does not reboot for this commit again, though it is still published. */
async function holdsQuiet(run: Run, device: string): Promise<void> {
  const { lab, invariants } = run;
  const before = (await lab.report(device))?.bootId;
  await lab.update(device);
  await sleep(QUIET_SECONDS * 1000);
  const after = await lab.report(device);
  invariants.equal(
    `${device} leaves the release alone`,
    [after?.bootId, after?.staged ?? null],
    [before, null],
  );
}

/** No device is left with the release staged, or waiting for its turn. */
async function holdsNobodyWaits({ lab, invariants }: Run): Promise<void> {
  let waiting: string[] = [];
  await waitFor(
    DROP_SECONDS,
    async () => {
      const all = await lab.depot.devices();
      waiting = all
        .filter(
          ({ report }) => (report?.staged ?? null) !== null || (report?.updatePhase ?? "idle") !== "idle",
        )
        .map((d) => d.name);
      return waiting.length === 0;
    },
    2000,
  );
  invariants.equal("no device is left waiting", waiting, []);
}

async function takenAfterRetry(run: Run, device: string, release: DerivedRelease): Promise<void> {
  const { lab, timeline, invariants, base } = run;
  await lab.ask(device, `sudo ${deviceProgram("retry")}`, 90);
  await lab.depot.forgetHalt(release.commit);
  timeline.mark(device, "retry", "the file is gone, and the device forgets that the release failed");
  await takeTo(run, release, LIMIT_SECONDS);
  await holdsHealthy(lab, invariants, release.commit);
  await takeTo(run, base, LIMIT_SECONDS);
}

/** What an operator changed in /etc cannot be merged with a release. */
export const etcConflict: Scenario = {
  summary:
    "a release brings a directory where an operator made a file in /etc: ostree cannot merge them; the device gives up and says why",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, undo, base } = run;
    const device = await lab.follower();
    const release = await derive(lab, base, "etc-conflict", {
      files: [{ path: `/usr/etc/${NAME}/scenario.conf`, content: "# a directory in the release\n" }],
    });
    const clear = undo.add(async () => {
      await lab.ask(device, `sudo rm -f /etc/${NAME}`);
    });
    await lab.ask(device, `sudo touch /etc/${NAME}`);
    timeline.mark(device, "touched", `/etc/${NAME}`);
    await publish(lab, timeline, release);
    const begun = timeline.seconds;
    const verdict = await outcome(lab, release, LIMIT_SECONDS);
    const seconds = Math.round(timeline.seconds - begun);
    const reboots = timeline.count(device, "reboot");
    const failed = verdict.kind === "failed" && verdict.device.name === device;
    invariants.hold(`the rollout fails on ${device}`, failed, failed ? verdict.what : verdict.kind);
    invariants.hold(
      `${device} tried at most ${MOST_ATTEMPTS} times`,
      reboots >= 1 && reboots <= MOST_ATTEMPTS,
      `${reboots} reboots`,
    );
    const said = await saidOf(run, device, release.commit);
    const named = said.includes(NAME);
    invariants.hold(`${device} says why, in ostree's words`, named, said.trim().split("\n").pop() ?? "");
    if (failed) await holdsQuiet(run, device);
    await lab.ref.move(base.commit);
    timeline.mark("lab", "withdrawn", release.version);
    await holdsNobodyWaits(run);
    await holdsHealthy(lab, invariants, base.commit);
    await clear();
    if (failed) await takenAfterRetry(run, device, release);
    await holdsHealthy(lab, invariants, base.commit);
    return { "seconds until the device has given up": seconds, "reboots for it": reboots };
  },
};
