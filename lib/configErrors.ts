import type { z } from "zod";

/** One bad key of the configuration. */
export interface Problem {
  /** The key without its namespace, e.g. `network.vip`. */
  readonly key: string;
  readonly value: unknown;
  /** What the value must be; continues the sentence "rule: ...". */
  readonly rule: string;
  /** What to do about it. */
  readonly fix: string;
}

const SECRET_KEYS = /(^|\.)(password|activationKey)$/;

function show(key: string, value: unknown): string {
  if (value === undefined) return "(not set)";
  if (SECRET_KEYS.test(key)) return "(secret)";
  const text = JSON.stringify(value, (k, v: unknown) => (SECRET_KEYS.test(k) ? "(secret)" : v));
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** Every bad key of a configuration in one message; thrown before anything is changed. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(source: string, problems: readonly Problem[]) {
    const lines = problems.map(
      (p) => `  edge-lab:${p.key} = ${show(p.key, p.value)}\n    rule: ${p.rule}\n    fix:  ${p.fix}`,
    );
    super(
      `${source}: ${problems.length} bad ${problems.length === 1 ? "key" : "keys"}; nothing was changed\n${lines.join("\n")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    raw,
  );
}

function keyText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part),
    "",
  );
}

function ruleOf(issue: z.core.$ZodIssue): { rule: string; fix: string } {
  switch (issue.code) {
    case "invalid_type":
      return { rule: `is of type ${issue.expected}`, fix: `write a value of type ${issue.expected}` };
    case "too_small":
      return { rule: `is at least ${issue.minimum}`, fix: `raise it to ${issue.minimum} or more` };
    case "too_big":
      return { rule: `is at most ${issue.maximum}`, fix: `lower it to ${issue.maximum} or less` };
    case "invalid_value":
      return {
        rule: `is one of ${issue.values.map(String).join(", ")}`,
        fix: `write one of ${issue.values.map(String).join(", ")}`,
      };
    default:
      return { rule: issue.message, fix: "correct the value; README.md lists each key with its meaning" };
  }
}

/** Turns zod's issues into problems: unknown keys by name, with those that exist beside them. */
export function describeIssues(raw: unknown, error: z.ZodError, schema: z.ZodObject): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code === "unrecognized_keys") {
      const known =
        issue.path.length === 0 ? `: ${Object.keys(schema.shape).join(", ")}` : " (README.md lists them)";
      return issue.keys.map((k) => ({
        key: keyText([...issue.path, k]),
        value: valueAt(raw, [...issue.path, k]),
        rule: `is a known key${known}`,
        fix: "correct its name or remove it",
      }));
    }
    return [{ key: keyText(issue.path), value: valueAt(raw, issue.path), ...ruleOf(issue) }];
  });
}
