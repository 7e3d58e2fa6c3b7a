import type { z } from "zod";

/** The parts of a schema that define a value's type. */
type Schema = z.core.$ZodType;
type Def = z.core.$ZodTypes["_zod"]["def"];

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // validation names it
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Converts a value that `pulumi config set` stored to the type that the schema asks for. With --path the command
 * converts whole numbers, true and false and stores everything else, fractions included, as text; a list or a map may
 * come as JSON. A value that fits no type stays as it is, and validation names it.
 */
export function coerce(schema: Schema, value: unknown): unknown {
  const def = schema._zod.def as Def;
  switch (def.type) {
    case "optional":
    case "default":
    case "prefault":
      return coerce(def.innerType, value);
    case "union":
      // Each option converts its own keys; a key that two options share has the same type in both.
      return def.options.reduce((v: unknown, option) => coerce(option, v), value);
    case "object": {
      const map = typeof value === "string" && value.trim().startsWith("{") ? parsed(value) : value;
      if (!isMap(map)) return map;
      return Object.fromEntries(
        Object.entries(map).map(([key, v]) => {
          const inner = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
          return [key, inner ? coerce(inner, v) : v];
        }),
      );
    }
    case "array": {
      const list = typeof value === "string" && value.trim().startsWith("[") ? parsed(value) : value;
      return Array.isArray(list) ? list.map((v) => coerce(def.element, v)) : list;
    }
    case "number":
      return typeof value === "string" && NUMBER.test(value.trim()) ? Number(value) : value;
    case "string":
    case "enum":
      return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
    default:
      return value;
  }
}
