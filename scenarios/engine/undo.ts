/** A scenario's changes and how to revert them: when it chooses, at its end, or when it is interrupted. */
export class Undo {
  private readonly steps = new Set<() => Promise<void>>();

  /** Records how to revert a change. Returns a function that does so now; a second time it does nothing. */
  add(step: () => Promise<void>): () => Promise<void> {
    const once = async (): Promise<void> => {
      if (this.steps.delete(once)) await step();
    };
    this.steps.add(once);
    return once;
  }

  /** Reverts the remaining changes, last one first; a failure does not stop the others. */
  async all(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of [...this.steps].reverse()) await step().catch((e: unknown) => failures.push(e));
    if (failures.length > 0) throw failures[0];
  }
}
