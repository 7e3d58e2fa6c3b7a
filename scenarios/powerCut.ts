import { sleep, waitFor } from "../client/wait";
import { reports } from "../operations/rollout/fleet";
import { derive } from "./engine/derivedRelease";
import { planCuts, type Cut } from "./engine/cutPlan";
import { faults } from "./engine/faults";
import { holdsAnswer, holdsFileSystem, holdsFsck, holdsHealthy } from "./engine/invariants";
import { PlainPower, type PowerSupply } from "./engine/powerSupply";
import { outcome, publish, type Publication } from "./engine/publish";
import { Random } from "./engine/random";
import type { Figures, Run, Scenario } from "./engine/scenario";
import { onVolatileDisks } from "./engine/onVolatileDisks";

/** Time for three boots of a device, two of them cut, on a busy host. */
const LIMIT_SECONDS = 900;
/** Time for the VIP to find an owner: the previous one may be booting. */
const OWNER_SECONDS = 120;
/** Size of a release that takes a while to fetch, characters. */
const CONTENT_LENGTH = 3_000_000;

/** The first device that reaches a step after the `from`th event; undefined if none does. */
async function firstToCome({ timeline }: Run, step: string, from: number): Promise<string | undefined> {
  const event = await waitFor(
    LIMIT_SECONDS,
    () => Promise.resolve(timeline.events.slice(from).find((e) => e.step === step)),
    100,
  );
  return event?.value.subject;
}

/** The first commit that a device reports after its power is back. */
async function bootedAfter(
  { lab }: Run,
  device: string,
  bootId: string | undefined,
): Promise<string | undefined> {
  const report = await waitFor(LIMIT_SECONDS, async () => {
    const now = await lab.report(device);
    return now && now.bootId !== bootId ? now : undefined;
  });
  return report?.value.booted.commit;
}

async function cutPower({ timeline }: Run, power: PowerSupply, device: string, cut: Cut): Promise<void> {
  await sleep(cut.delay * 1000);
  const powerOn = await power.cut(device);
  timeline.mark(device, "power cut", `${cut.phase.name}, ${cut.delay} s into it`);
  await sleep(cut.off * 1000);
  await powerOn();
  timeline.mark(device, "power back");
}

/** One release with one cut. Returns the release that the lab is on at the end. */
async function round(
  run: Run,
  power: PowerSupply,
  cut: Cut,
  from: Publication,
  random: Random,
): Promise<Publication> {
  const { lab, timeline, invariants } = run;
  const difference = cut.phase.bad
    ? faults.required
    : { files: [{ path: "/usr/share/edge/scenario.txt", content: random.text(CONTENT_LENGTH) }] };
  const release = await derive(lab, from, "power-cut", difference);
  const begun = timeline.events.length;
  // A device that has not reached the previous release yet may boot what it runs now.
  const old = [from.commit, ...(await reports(lab.depot)).map((d) => d.report?.booted.commit)];
  await publish(lab, timeline, release);
  // Another device may not have reached the previous release yet: the first one to reach the phase is cut.
  const { after } = cut.phase;
  const device = after === undefined ? await lab.follower() : await firstToCome(run, after, begun);
  if (device === undefined) {
    invariants.hold(`a device comes to ${cut.phase.name}`, false, `no ${String(after)}`);
    await lab.ref.move(from.commit);
    return from;
  }
  const before = (await lab.report(device))?.bootId;
  await cutPower(run, power, device, cut);
  const booted = await bootedAfter(run, device, before);
  const which = booted === release.commit ? "the new" : old.includes(booted ?? "") ? "the old" : undefined;
  invariants.hold(
    `${device} boots one of the two releases`,
    which !== undefined,
    which ?? booted ?? "no report",
  );
  const verdict = await outcome(lab, release, LIMIT_SECONDS, [device]);
  const expected = cut.phase.bad ? "failed" : "done";
  invariants.equal(`${device} ends as without the cut`, verdict.kind, expected);
  if (verdict.kind !== expected || cut.phase.bad) await lab.ref.move(from.commit);
  await holdsFsck(lab, invariants, device);
  await holdsFileSystem(lab, invariants, device);
  return cut.phase.bad ? from : release;
}

export const powerCut: Scenario = {
  summary:
    "power fails at random moments of upgrades and rollbacks (--cuts N, --seed N replays a run, --lose-unflushed)",
  async run(run: Run): Promise<Figures> {
    const { lab, invariants, base, options, undo } = run;
    const random = new Random(options.seed);
    const cuts = planCuts(random, options.cuts);
    const rounds = (power: PowerSupply): Promise<void> => allRounds(run, power, cuts, random);
    const figures = options.loseUnflushed
      ? await onVolatileDisks(run, random, rounds)
      : await rounds(new PlainPower(lab, undo)).then(() => ({}));
    await holdsHealthy(lab, invariants, base.commit);
    return { seed: options.seed, cuts: cuts.length, ...figures };
  },
};

/** All cuts, and the way back to the release that the lab had before. */
async function allRounds(run: Run, power: PowerSupply, cuts: readonly Cut[], random: Random): Promise<void> {
  const { lab, timeline, invariants, base, options } = run;
  let release: Publication = base;
  for (const [i, cut] of cuts.entries()) {
    timeline.mark("lab", "round", `${i + 1} of ${cuts.length}, seed ${options.seed}: ${cut.phase.name}`);
    release = await round(run, power, cut, release, random);
    await holdsOneOwner(run);
  }
  await publish(lab, timeline, base);
  const verdict = await outcome(lab, base, LIMIT_SECONDS);
  invariants.equal(`every device comes back to ${base.version}`, verdict.kind, "done");
}

/** Between two rounds a device may still be upgrading, but the VIP and the app are available. */
async function holdsOneOwner({ lab, invariants }: Run): Promise<void> {
  let carriers: string[] = [];
  await waitFor(
    OWNER_SECONDS,
    async () => {
      carriers = await lab.carriers();
      return carriers.length === 1;
    },
    1000,
  );
  invariants.hold("one device carries the VIP", carriers.length === 1, carriers.join(", ") || "none");
  await holdsAnswer(lab, invariants);
}
