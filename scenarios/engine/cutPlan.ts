import type { Random } from "./random";

/** A stretch of an upgrade in which the power may fail. */
export interface Phase {
  readonly name: string;
  /** Step of the device that it begins with; none: the moment of publication. */
  readonly after?: string;
  /** The cut comes this long after it, seconds. */
  readonly from: number;
  readonly to: number;
  /** True where only a bad release comes to this phase. */
  readonly bad?: boolean;
}

/** As long as these take on an emulated device; later than the end of a phase is the beginning of the next. */
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
  /** Seconds after the phase's beginning. */
  readonly delay: number;
  /** Seconds without power. */
  readonly off: number;
}

/** Cuts at random moments, going through all phases before one comes again. */
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
