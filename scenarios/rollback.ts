import { Fetched } from "../operations/rollout/fetched";
import { runBadRelease } from "./engine/badRelease";
import type { DerivedRelease } from "./engine/derivedRelease";
import { FAILING_CHECK, faults } from "./engine/faults";
import { needsDevices } from "./engine/fit";
import { holdsCheckFailed } from "./engine/invariants";
import type { Run, Scenario } from "./engine/scenario";

/** A failed commit is not even fetched when it is published again. */
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

export const rollback: Scenario = {
  summary: "a release fails a required check three times; the device goes back by itself, no other one tries",
  // With one device the VIP has nowhere to go.
  unfit: needsDevices(2),
  run: (run) =>
    runBadRelease(run, {
      name: "rollback",
      difference: () => faults.required,
      check: FAILING_CHECK,
      async afterwards(_, device, release) {
        await holdsCheckFailed(run.lab, run.invariants, device, -1);
        await holdsRefused(run, device, release);
      },
    }),
};
