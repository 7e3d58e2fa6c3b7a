import type { Random } from "./random";

/** A phase of an upgrade in which the power may fail. */
export interface Phase {
  readonly name: string;
  /** Device step that begins the phase; default: the moment of publication. */
  readonly after?: string;
  /** Earliest and latest delay of the cut after that step, seconds. */
  readonly from: number;
  readonly to: number;
  /** True if only a bad release reaches this phase. */
  readonly bad?: boolean;
}

/** Durations on an emulated device; a time past the end of a phase is the beginning of the next. */
export const PHASES: readonly Phase[] = [
  { name: "pull", from: 0, to: 5 },
  { name: "stage", from: 4, to: 12 },
  { name: "finalise", after: "reboot", from: 0, to: 8 },
  { name: "first boot", after: "attempt", from: 0, to: 25 },
  { name: "rollback", after: "rollback", from: 0, to: 25, bad: true },
];

/** One power cut. */
export interface Cut {
  readonly phase: Phase;
  /** Seconds after the beginning of the phase. */
  readonly delay: number;
  /** Seconds without power. */
  readonly off: number;
}

/** Cuts at random moments, each phase once before any repeats. */
export function planCuts(random: Random, count: number): Cut[] {
  const cuts: Cut[] = [];
  while (cuts.length < count) {
    for (const phase of random.shuffled(PHASES)) {
      const delay = random.tenths(phase.from, phase.to);
      cuts.push({ phase, delay, off: random.tenths(0.5, 3) });
    }
  }
  return cuts.slice(0, count);
}
