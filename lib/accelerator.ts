/** The answer of assets/host/accelerator.sh. */
export interface AcceleratorAnswer {
  readonly accelerator: "kvm" | "tcg";
  /** Processors of the host; an earlier version did not count them. */
  readonly cores?: number;
}

/**
 * What a preview assumes as the script's next answer: the previous one, with the number of cores that the host has now.
 * Undefined if that number is not known.
 * @param recorded the previous answer, as printed
 * @param drift how the host differs from it
 */
export function expectedCores(recorded: string | undefined, drift: readonly string[]): string | undefined {
  if (recorded === undefined) return undefined;
  const before = JSON.parse(recorded) as AcceleratorAnswer;
  const found = drift.flatMap((text) => /^the host has (\d+) cores/.exec(text)?.[1] ?? []);
  const cores = found.map(Number)[0] ?? before.cores;
  return cores === undefined ? undefined : JSON.stringify({ ...before, cores });
}
