/** Own property or undefined: keys come from the network, and `constructor` is a name as well. */
export function entry<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The record without the entries that `drop` chooses. */
export function without<T>(
  record: Readonly<Record<string, T>>,
  drop: (key: string, value: T) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key, value]) => !drop(key, value)));
}
