import type { Figures, Scenario } from "./scenario";
import type { Say, ScenarioResult } from "./singleRun";

/** How one scenario of `lab scenario all` ended. */
export interface AllRow {
  readonly scenario: string;
  /** `skipped`: it does not fit the lab. */
  readonly outcome: "ok" | "broken" | "skipped";
  /** Why it was skipped, or what broke. */
  readonly reason?: string;
  readonly seconds: number;
  readonly figures: Figures;
  /** The whole result; missing if the scenario was skipped or ended early. */
  readonly result?: ScenarioResult;
}

/** The JSON document of `lab scenario all --json`. */
export interface AllResult {
  readonly scenario: "all";
  /** False if any broke. */
  readonly ok: boolean;
  readonly seconds: number;
  readonly seed: number;
  readonly results: readonly AllRow[];
}

/** What {@link runAll} needs of a lab. */
export interface AllContext {
  readonly seed: number;
  readonly say: Say;
  /** Why a scenario does not fit the lab; undefined if it does. */
  unfit(scenario: Scenario): string | undefined;
  run(name: string, scenario: Scenario): Promise<ScenarioResult>;
}

const secondsSince = (begun: number): number => Math.round((performance.now() - begun) / 100) / 10;

async function row(name: string, scenario: Scenario, context: AllContext): Promise<AllRow> {
  const unfit = context.unfit(scenario);
  if (unfit !== undefined) {
    return { scenario: name, outcome: "skipped", reason: unfit, seconds: 0, figures: {} };
  }
  const begun = performance.now();
  try {
    const result = await context.run(name, scenario);
    const broken = result.invariants.filter((i) => !i.ok).map((i) => i.name);
    return {
      scenario: name,
      outcome: result.ok ? "ok" : "broken",
      ...(result.ok ? {} : { reason: broken.join("; ") }),
      seconds: result.seconds,
      figures: result.figures,
      result,
    };
  } catch (e) {
    // Whatever ended it, the next one finds out whether the lab is well.
    const reason = e instanceof Error ? e.message : String(e);
    return { scenario: name, outcome: "broken", reason, seconds: secondsSince(begun), figures: {} };
  }
}

/** Runs all scenarios that fit, one after the other; one that breaks does not stop the others. */
export async function runAll(
  scenarios: Readonly<Record<string, Scenario>>,
  context: AllContext,
): Promise<AllResult> {
  const begun = performance.now();
  const results: AllRow[] = [];
  const entries = Object.entries(scenarios);
  for (const [i, [name, scenario]] of entries.entries()) {
    context.say(`${name}: ${i + 1} of ${entries.length}, seed ${context.seed}`);
    const done = await row(name, scenario, context);
    context.say(
      `${name}: ${done.outcome}, ${done.seconds} s${done.reason === undefined ? "" : `: ${done.reason}`}`,
    );
    results.push(done);
  }
  const ok = results.every((r) => r.outcome !== "broken");
  return { scenario: "all", ok, seconds: secondsSince(begun), seed: context.seed, results };
}
