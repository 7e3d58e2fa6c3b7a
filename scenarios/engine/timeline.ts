import { oneLine } from "../../protocol/text";

/** One step of a scenario. */
export interface TimelineEvent {
  /** Seconds since the scenario began, with one decimal. */
  readonly seconds: number;
  /** Device, or `lab`. */
  readonly subject: string;
  readonly step: string;
  readonly detail?: string;
}

/** The steps with their times; each is printed as it happens. */
export class Timeline {
  readonly events: TimelineEvent[] = [];

  /**
   * @param say prints a line for people
   * @param now monotonic clock, milliseconds
   */
  constructor(
    private readonly say: (line: string) => void,
    private readonly now: () => number = () => performance.now(),
    private readonly begun: number = now(),
  ) {}

  /** Seconds since the scenario began, with one decimal. */
  get seconds(): number {
    return Math.round((this.now() - this.begun) / 100) / 10;
  }

  mark(subject: string, step: string, detail?: string): TimelineEvent {
    const event = { seconds: this.seconds, subject, step, ...(detail ? { detail } : {}) };
    this.events.push(event);
    const what = oneLine(`${step}${detail ? `: ${detail}` : ""}`);
    this.say(`${event.seconds.toFixed(1).padStart(7)} s  ${subject.padEnd(14)} ${what}`);
    return event;
  }

  /** Number of times a step happened to a subject. */
  count(subject: string, step: string): number {
    return this.events.filter((e) => e.subject === subject && e.step === step).length;
  }

  /**
   * Seconds between the first `from` and the first `to` after it; undefined if one is missing.
   * @param index of the event to begin with
   */
  between(subject: string, from: string, to: string, index = 0): number | undefined {
    const events = this.events.slice(index);
    const start = events.find((e) => e.subject === subject && e.step === from);
    const end = events.find(
      (e) => start && e.subject === subject && e.step === to && e.seconds >= start.seconds,
    );
    return start && end ? Math.round((end.seconds - start.seconds) * 10) / 10 : undefined;
  }
}
