import assert from "node:assert/strict";

import type { z } from "zod";

function* fields(value: unknown, path = ""): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    const at = `${path}.${key}`;
    yield at;
    yield* fields(child, at);
  }
}

/**
 * What the schema makes of a message that may hold nothing else: at no depth a field that the schema does not list, where
 * a reader of the protocol would pass it over.
 */
export function strict<T extends z.ZodType>(schema: T, message: unknown): z.output<T> {
  const read = schema.parse(message);
  const known = new Set(fields(read));
  const unknown = [...fields(message)].filter((field) => !known.has(field));
  assert.deepEqual(unknown, [], `fields that the protocol does not list, in ${JSON.stringify(message)}`);
  return read;
}
