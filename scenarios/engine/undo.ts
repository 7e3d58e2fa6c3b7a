/** What a scenario has changed and puts back: at its own moment, at its end, or when it is interrupted. */
export class Undo {
  private readonly steps = new Set<() => Promise<void>>();

  /** Remembers how something is put back. Returns what does it now, and no second time. */
  add(step: () => Promise<void>): () => Promise<void> {
    const once = async (): Promise<void> => {
      if (this.steps.delete(once)) await step();
    };
    this.steps.add(once);
    return once;
  }

  /** Puts back what is left, the last change first; one that fails does not keep the others. */
  async all(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of [...this.steps].reverse()) await step().catch((e: unknown) => failures.push(e));
    if (failures.length > 0) throw failures[0];
  }
}
