import { askApp } from "../appProbe";
import { sleep } from "../env";
import { reports } from "../rollout/fleet";
import { derive } from "./derivedRelease";
import { planCuts, type Cut } from "./cutPlan";
import { faults } from "./faults";
import { holdsFsck, holdsHealthy } from "./invariants";
import { outcome, publish, type Publication } from "./publish";
import { Random } from "./random";
import type { Figures, Run, Scenario } from "./scenario";

/** Three boots of a device, two cut ones, and a busy host. */
const LIMIT_SECONDS = 900;
/** A release that is not fetched in an instant, characters. */
const CONTENT_LENGTH = 3_000_000;

/** The first device that comes to a step after the `from`th event; undefined when none does. */
async function firstToCome(run: Run, step: string, from: number): Promise<string | undefined> {
  const begun = Date.now();
  while (Date.now() - begun < LIMIT_SECONDS * 1000) {
    const event = run.timeline.events.slice(from).find((e) => e.step === step);
    if (event) return event.subject;
    await sleep(100);
  }
  return undefined;
}

/** A device that does not own the virtual IP now: it is the first to take a release. */
async function notOwner({ lab }: Run): Promise<string> {
  const records = await reports(lab.depot);
  const other = lab.names.find((name) => records.find((r) => r.name === name)?.report?.vip === false);
  return other ?? lab.names[lab.names.length - 1] ?? "";
}

/** The commit that a device reports first after its power came back. */
async function bootedAfter(
  run: Run,
  device: string,
  bootId: string | undefined,
): Promise<string | undefined> {
  const begun = Date.now();
  while (Date.now() - begun < LIMIT_SECONDS * 1000) {
    const report = (await reports(run.lab.depot)).find((d) => d.name === device)?.report;
    if (report && report.bootId !== bootId) return report.booted.commit;
    await sleep(500);
  }
  return undefined;
}

async function cutPower(run: Run, device: string, cut: Cut): Promise<void> {
  const { lab, timeline } = run;
  await sleep(cut.delay * 1000);
  await lab.power("destroy", device);
  timeline.mark(device, "power cut", `${cut.phase.name}, ${cut.delay} s into it`);
  await sleep(cut.off * 1000);
  await lab.power("start", device);
  timeline.mark(device, "power back");
}

/** One release with one cut. Returns the release that the device is on at the end. */
async function round(run: Run, cut: Cut, from: Publication, random: Random): Promise<Publication> {
  const { lab, timeline, invariants } = run;
  const difference = cut.phase.bad
    ? faults.required
    : { files: [{ path: "/usr/share/edge/scenario.txt", content: random.text(CONTENT_LENGTH) }] };
  const release = await derive(lab, from, "power-cut", difference);
  const begun = timeline.events.length;
  // A device that is still on its way to the release before may boot what it runs now.
  const old = [from.commit, ...(await reports(lab.depot)).map((d) => d.report?.booted.commit)];
  await publish(lab, timeline, release);
  // Another device may still be on its way to the release before: whoever comes to the phase is cut.
  const { after } = cut.phase;
  const device = after === undefined ? await notOwner(run) : await firstToCome(run, after, begun);
  if (device === undefined) {
    invariants.hold(`a device comes to ${cut.phase.name}`, false, `no ${String(after)}`);
    await lab.ref.move(from.commit);
    return from;
  }
  const before = (await reports(lab.depot)).find((d) => d.name === device)?.report?.bootId;
  await cutPower(run, device, cut);
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
  return cut.phase.bad ? from : release;
}

export const powerCut: Scenario = {
  summary: "power fails at random moments of upgrades and rollbacks (--cuts N, --seed N replays a run)",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, base, options } = run;
    const random = new Random(options.seed);
    const cuts = planCuts(random, options.cuts);
    let release: Publication = base;
    for (const [i, cut] of cuts.entries()) {
      timeline.mark("lab", "round", `${i + 1} of ${cuts.length}, seed ${options.seed}: ${cut.phase.name}`);
      release = await round(run, cut, release, random);
      await holdsOneOwner(run);
    }
    await publish(lab, timeline, base);
    const verdict = await outcome(lab, base, LIMIT_SECONDS);
    invariants.equal(`every device comes back to ${base.version}`, verdict.kind, "done");
    await holdsHealthy(lab, invariants, base.commit);
    return { seed: options.seed, cuts: cuts.length };
  },
};

/** Between two rounds a device may be on its way to the last release; the VIP and the app are there all the same. */
async function holdsOneOwner({ lab, invariants }: Run): Promise<void> {
  const begun = Date.now();
  let seen = "";
  while (Date.now() - begun < 120_000) {
    const carriers = await Promise.all(
      lab.names.map(async (name) => ({ name, text: (await lab.on(name, "ip -4 -o addr", 15)).stdout })),
    );
    const owners = carriers.filter((c) => c.text.includes(` ${lab.input.vip}/`)).map((c) => c.name);
    seen = owners.join(", ");
    if (owners.length === 1) break;
    await sleep(1000);
  }
  invariants.hold("one device carries the VIP", seen !== "" && !seen.includes(","), seen || "none");

  const answer = await askApp(lab.appUrl);
  invariants.hold("the app answers", answer.ok, answer.ok ? "" : answer.text);
}
