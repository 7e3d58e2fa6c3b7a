/** Waits for a number of milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The value waited for, and how long it took, in seconds. */
export interface Found<T> {
  readonly value: T;
  readonly seconds: number;
}

/**
 * Polls until there is an answer.
 * @param probe returns undefined or false while there is none
 * @param everyMs pause between two polls
 * @returns undefined if none came within `limitSeconds`
 */
export async function waitFor<T>(
  limitSeconds: number,
  probe: () => Promise<T | undefined | false>,
  everyMs = 500,
): Promise<Found<T> | undefined> {
  const begun = Date.now();
  while (Date.now() - begun < limitSeconds * 1000) {
    const value = await probe();
    if (value !== undefined && value !== false) return { value, seconds: (Date.now() - begun) / 1000 };
    await sleep(everyMs);
  }
  return undefined;
}
