import { z } from "zod";

import { oneLine } from "../protocol/text";
import { table } from "./table";

/** Figures of a scenario that a row of the table has room for. */
const FIGURES = 3;
/** A longer figure is left to the JSON document. */
const FIGURE_LENGTH = 24;
/** A longer reason is cut short; a device's own words can have many lines. */
const REASON_LENGTH = 160;

const figures = z.record(z.string(), z.unknown());

/** The result of one scenario. */
export const resultSchema = z.object({ ok: z.boolean(), seconds: z.number(), figures });
export type Result = z.infer<typeof resultSchema>;

/** The result of `lab scenario all`. */
export const allSchema = z.object({
  ok: z.boolean(),
  seconds: z.number(),
  seed: z.number(),
  results: z.array(
    z.object({
      scenario: z.string(),
      outcome: z.enum(["ok", "broken", "skipped"]),
      reason: z.string().optional(),
      seconds: z.number(),
      figures,
    }),
  ),
});
export type All = z.infer<typeof allSchema>;

function keyFigures(all: Record<string, unknown>): string {
  return Object.entries(all)
    .filter(([, value]) => typeof value === "number" || typeof value === "string")
    .map(([what, value]) => [what, oneLine(String(value))] as const)
    .filter(([, value]) => value.length <= FIGURE_LENGTH)
    .slice(0, FIGURES)
    .map(([what, value]) => `${oneLine(what)}: ${value}`)
    .join("; ");
}

/** What people read at the end of one scenario. */
export function summary(name: string, { ok, seconds, figures: all }: Result): string {
  const lines = Object.entries(all).map(([what, value]) => `  ${oneLine(what)}: ${oneLine(String(value))}`);
  return `${name}: ${ok ? "every invariant held" : "an invariant BROKE"}, ${seconds} s\n${lines.join("\n")}\n`;
}

/** What people read at the end of `lab scenario all`: a row a scenario, then the sum. */
export function allSummary({ results, seconds, seed }: All): string {
  const rows = results.map((r) => [
    r.scenario,
    r.outcome === "broken" ? "BROKEN" : r.outcome,
    r.outcome === "skipped" ? "-" : `${r.seconds} s`,
    r.reason === undefined ? keyFigures(r.figures) : oneLine(r.reason).slice(0, REASON_LENGTH),
  ]);
  const count = (outcome: string): number => results.filter((r) => r.outcome === outcome).length;
  const sum = `${count("ok")} ok, ${count("broken")} broken, ${count("skipped")} skipped, ${seconds} s, seed ${seed}`;
  return `${table([["SCENARIO", "RESULT", "TIME", "FIGURES OR REASON"], ...rows])}\n${sum}\n`;
}
