import type { Invariants } from "./invariants";
import type { RunningLab } from "./runningLab";
import type { Timeline } from "./timeline";
import type { Undo } from "./undo";

/** Input of a scenario. */
export interface Run {
  readonly lab: RunningLab;
  readonly timeline: Timeline;
  readonly invariants: Invariants;
  readonly options: ScenarioOptions;
  readonly undo: Undo;
  /** Release that the stack has published; the lab returns to it at the end. */
  readonly base: { readonly commit: string; readonly version: string };
}

/** Options from the command line. */
export interface ScenarioOptions {
  /** Determines everything random; the same seed gives the same run. */
  readonly seed: number;
  /** Number of power cuts in `power-cut`. */
  readonly cuts: number;
  /** The cuts of `power-cut` lose what the device's disk was not told to flush. */
  readonly loseUnflushed: boolean;
  /** Where `panic` and `hang` strike: in the initramfs, or in the booted system. */
  readonly where: "initramfs" | "system";
}

/** A scenario's measurements, by name; the name includes the unit. */
export type Figures = Record<string, number | string | readonly string[]>;

/** A scenario: what it shows, and how. */
export interface Scenario {
  readonly summary: string;
  /** Why it cannot run on this lab; undefined if it can. Without it, the scenario fits every lab. */
  unfit?(lab: Pick<RunningLab, "names">): string | undefined;
  run(run: Run): Promise<Figures>;
}
