import type { Invariants } from "./invariants";
import type { RunningLab } from "./runningLab";
import type { Timeline } from "./timeline";
import type { Undo } from "./undo";

/** What a scenario is given. */
export interface Run {
  readonly lab: RunningLab;
  readonly timeline: Timeline;
  readonly invariants: Invariants;
  readonly options: ScenarioOptions;
  readonly undo: Undo;
  /** Release that the stack has published, and that the lab is on again at the end. */
  readonly base: { readonly commit: string; readonly version: string };
}

/** What the command line says. */
export interface ScenarioOptions {
  /** Decides all that is random; the same seed gives the same run. */
  readonly seed: number;
  /** Power cuts of `power-cut`. */
  readonly cuts: number;
  /** Where `panic` and `hang` strike: in the initramfs, or in the booted system. */
  readonly where: "initramfs" | "system";
}

/** Numbers that a scenario measured, by name; seconds, bytes and counts say so in their names. */
export type Figures = Record<string, number | string | readonly string[]>;

/** A scenario: what it shows, and how. */
export interface Scenario {
  readonly summary: string;
  run(run: Run): Promise<Figures>;
}
