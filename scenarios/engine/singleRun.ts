import { LabError } from "../../client/labError";
import { Fetched } from "../../operations/rollout/fetched";
import { nudge, reports } from "../../operations/rollout/fleet";
import { settle } from "../../operations/rollout/settle";
import { forget, publishedRelease } from "./derivedRelease";
import { Invariants, type Invariant } from "./invariants";
import { Observer } from "./observer";
import { outcome, publish, type Publication } from "./publish";
import type { RunningLab } from "./runningLab";
import type { Figures, Scenario, ScenarioOptions } from "./scenario";
import { Timeline, type TimelineEvent } from "./timeline";
import { Undo } from "./undo";
import { leaveVolatileDisk } from "./volatilePower";

/** Time for all devices, one after the other, without KVM. */
const RETURN_SECONDS = 900;

/** Prints a line for people. */
export type Say = (line: string) => void;

/** A scenario's result, the JSON document of `lab scenario NAME --json`. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly options: ScenarioOptions;
  readonly base: Publication;
  readonly figures: Figures;
  readonly fetched: unknown;
  readonly invariants: readonly Invariant[];
  readonly timeline: readonly TimelineEvent[];
}

/** Brings devices that an earlier scenario left on its own release back to the published one. */
async function comeBack(lab: RunningLab, timeline: Timeline, base: Publication): Promise<void> {
  const away = (await reports(lab.depot)).filter((d) => d.report?.booted.commit !== base.commit);
  if (away.length === 0) return;
  await publish(lab, timeline, base);
  const verdict = await outcome(lab, base, RETURN_SECONDS);
  if (verdict.kind !== "done") {
    throw new LabError(
      `${away.map((d) => d.name).join(", ")} did not come back to ${base.version} within ${RETURN_SECONDS} s; npm run lab -- status shows where they are`,
    );
  }
  await settle(lab, "lab");
}

/** Names the lab's own release again, and lets devices drop what they have staged. */
async function withdraw(lab: RunningLab, base: Publication): Promise<void> {
  if ((await lab.ref.current()) === base.commit) return;
  await lab.ref.move(base.commit);
  await nudge(lab, lab.names);
}

/** Reverts a scenario's changes and ends the program when it is interrupted. Returns how to stop watching. */
function revertOnSignal(undo: Undo, say: Say, version: string): () => void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const revert = (signal: NodeJS.Signals): void => {
    say(`${signal}: the lab is put back as it was, on ${version}`);
    undo.all().then(
      () => process.exit(130),
      (e: unknown) => {
        say(`error: ${(e as Error).message}`);
        process.exit(130);
      },
    );
  };
  for (const signal of signals) process.once(signal, revert);
  return () => {
    for (const signal of signals) process.off(signal, revert);
  };
}

/**
 * Runs one scenario on a healthy lab, and brings the lab back to the published release.
 * @throws LabError if the scenario does not fit the lab, or the lab is not healthy
 */
export async function runScenario(
  name: string,
  scenario: Scenario,
  options: ScenarioOptions,
  lab: RunningLab,
  say: Say,
): Promise<ScenarioResult> {
  const unfit = scenario.unfit?.(lab);
  if (unfit !== undefined) throw new LabError(`scenario ${name} does not fit this lab: ${unfit}`);
  for (const device of lab.names) await leaveVolatileDisk(lab, device);
  const base = await publishedRelease(lab);
  await settle(lab, "lab");
  const timeline = new Timeline(say);
  await comeBack(lab, timeline, base);
  await forget(lab);
  const invariants = new Invariants(say);
  const observer = await Observer.start(lab, timeline);
  const fetched = await Fetched.since(lab.depot);
  let figures: Figures = {};
  // First of all: what follows may wait until no release is on its way.
  const undo = new Undo(() => withdraw(lab, base));
  lab.allowed = () => undo.check();
  lab.restoring = () => undo.begun;
  const stopWatching = revertOnSignal(undo, say, base.version);
  try {
    figures = await scenario.run({ lab, timeline, invariants, options, undo, base });
  } finally {
    await undo.all().finally(() => {
      // The lab outlives the scenario: the next one may publish again.
      lab.allowed = () => undefined;
      lab.restoring = () => false;
      return observer.stop();
    });
    stopWatching();
  }
  await forget(lab);
  const counts = await fetched.byDevice();
  for (const { device, files, bytes } of counts) {
    say(`${device} fetched ${files} files, ${bytes} bytes in all`);
  }
  return {
    scenario: name,
    ok: invariants.held,
    seconds: timeline.seconds,
    options,
    base,
    figures,
    fetched: counts,
    invariants: invariants.all,
    timeline: timeline.events,
  };
}
