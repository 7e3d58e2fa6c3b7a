import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { z } from "zod";

/** Rows of the table whose header begins with these cells: the cells of each row, without backticks. */
export function table(document: string, ...head: string[]): string[][] {
  const cells = (line: string): string[] =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.replace(/`/g, "").trim());
  const lines = readFileSync(document, "utf8").split("\n");
  const start = lines.findIndex((line) => line.startsWith("|") && head.every((h, i) => cells(line)[i] === h));
  assert.ok(start >= 0, `${document} has no table ${head.join(", ")}`);
  const end = lines.findIndex((line, i) => i > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map(cells);
}

/** Keys of a schema as the README lists them: those of an object one by one, a list or a union as a whole. */
export function keysOf(type: z.core.$ZodType, path = ""): string[] {
  const inner = (type as { _zod: { def: { innerType?: z.core.$ZodType } } })._zod.def.innerType;
  if (inner) return keysOf(inner, path);
  if (!(type instanceof z.ZodObject)) return [path];
  return Object.entries(type.shape as Record<string, z.core.$ZodType>).flatMap(([key, value]) =>
    keysOf(value, path === "" ? key : `${path}.${key}`),
  );
}
