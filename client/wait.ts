/** Waits that many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What was waited for, and how long it took, seconds. */
export interface Found<T> {
  readonly value: T;
  readonly seconds: number;
}

/**
 * Asks again and again until there is an answer.
 * @param probe gives undefined or false while there is none
 * @param everyMs pause between two questions
 * @returns undefined where none came within `limitSeconds`
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
