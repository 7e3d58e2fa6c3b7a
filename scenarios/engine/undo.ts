import { Interrupted } from "../../client/interruption";

type Step = () => Promise<void>;

/** A scenario's changes and how to revert them: when it chooses, at its end, or when it is interrupted. */
export class Undo {
  private readonly steps = new Set<Step>();
  private ending: Promise<void> | undefined;

  /** @param first reverted before all others, and when the scenario ends even if nothing else is to be reverted */
  constructor(private readonly first: Step = () => Promise.resolve()) {}

  /**
   * Records how to revert a change. Returns a function that does so now; a second time it does nothing.
   * @throws Interrupted once everything is being reverted: a scenario that goes on meanwhile changes nothing more
   */
  add(step: Step): Step {
    this.check();
    const once = async (): Promise<void> => {
      if (this.steps.delete(once)) await step();
    };
    this.steps.add(once);
    return once;
  }

  /** Whether everything is being reverted, or was. */
  get begun(): boolean {
    return this.ending !== undefined;
  }

  /** @throws Interrupted once everything is being reverted */
  check(): void {
    if (this.ending) throw new Interrupted("the scenario was interrupted");
  }

  /** Reverts the remaining changes, last one first; a failure does not stop the others. Only the first call does. */
  all(): Promise<void> {
    this.ending ??= this.revert();
    return this.ending;
  }

  private async revert(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of [this.first, ...[...this.steps].reverse()]) {
      await step().catch((e: unknown) => failures.push(e));
    }
    if (failures.length > 0) throw failures[0];
  }
}
