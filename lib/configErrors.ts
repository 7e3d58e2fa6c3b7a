import type { z } from "zod";

import { printable } from "../protocol/text";
import { NOT_SHOWN, shownValue } from "./shownValue";

/** One bad key of the configuration. */
export interface Problem {
  /** The key without its namespace, e.g. `network.vip`. */
  readonly key: string;
  readonly value: unknown;
  /** What the value must be; continues the sentence "rule: ...". */
  readonly rule: string;
  /** What to do about it. */
  readonly fix: string;
  /** The file that contains the key, if that is not the stack's configuration. */
  readonly file?: string;
  /** True for a value that must not be shown whatever its key: an unknown key may be a secret's, misspelt. */
  readonly hidden?: boolean;
}

function show({ key, value, hidden }: Problem): string {
  // A place in a file that could not be parsed.
  if (key.startsWith("(")) return "";
  if (value === undefined) return " = (not set)";
  return ` = ${hidden === true ? NOT_SHOWN : shownValue(key, value)}`;
}

/** Every bad key of a configuration in one message; thrown before anything changes. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(source: string, problems: readonly Problem[]) {
    const lines = problems.map(
      (p) =>
        `  ${p.file === undefined ? "edge-lab:" : `${p.file}: `}${p.key}${show(p)}\n` +
        `    rule: ${p.rule}\n    fix:  ${p.fix}`,
    );
    super(
      // A key or a value may hold what a terminal would act on.
      printable(
        `${source}: ${problems.length} bad ${problems.length === 1 ? "key" : "keys"}; nothing was changed\n${lines.join("\n")}`,
      ),
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

/** A path as it is written in messages: `devices[1].name`. */
export function keyText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part),
    "",
  );
}

/** Types in the words of a stack file's author. */
const TYPES: Record<string, string> = {
  string: "text (in quotes where it looks like a number)",
  int: "a whole number",
  number: "a number",
  array: "a list",
  object: "a map of keys",
  record: "a map of keys",
};

function limits(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): { rule: string; fix: string } {
  const unit = issue.origin === "string" ? " characters" : issue.origin === "array" ? " entries" : "";
  if (issue.code === "too_small") {
    const least = `${String(issue.minimum)}${unit}`;
    if (issue.origin === "string" && Number(issue.minimum) === 1) {
      return { rule: "is not empty", fix: "write a value, or remove the key" };
    }
    return { rule: `is at least ${least}`, fix: `write ${least} or more` };
  }
  const most = `${String(issue.maximum)}${unit}`;
  return { rule: `is at most ${most}`, fix: `write ${most} or less` };
}

function ruleOf(issue: z.core.$ZodIssue, reference: string): { rule: string; fix: string } {
  switch (issue.code) {
    case "invalid_type": {
      const type = TYPES[issue.expected] ?? `of type ${issue.expected}`;
      return { rule: `is ${type}`, fix: `write ${type}` };
    }
    case "too_small":
    case "too_big":
      return limits(issue);
    case "invalid_value": {
      const values = issue.values.map(String).join(", ");
      return { rule: `is one of ${values}`, fix: `write one of ${values}` };
    }
    default:
      return { rule: issue.message, fix: `correct the value; ${reference}` };
  }
}

/**
 * Turns zod's issues into problems. For an unknown key at the top, the problem lists the keys that exist.
 * @param reference where the keys are documented, e.g. "README.md lists the keys"
 */
export function describeIssues(
  raw: unknown,
  error: z.ZodError,
  schema: z.ZodObject,
  reference: string,
): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code !== "unrecognized_keys") {
      return [{ key: keyText(issue.path), value: valueAt(raw, issue.path), ...ruleOf(issue, reference) }];
    }
    const known = Object.keys(schema.shape);
    return issue.keys.map((k) => ({
      key: keyText([...issue.path, k]),
      value: valueAt(raw, [...issue.path, k]),
      hidden: true,
      rule: `is a known key${issue.path.length === 0 ? `: ${known.join(", ")}` : ""}`,
      fix: known.some((name) => k.startsWith(`${name}.`))
        ? `it is ${k.split(".")[0]} with a key ${k.split(".").slice(1).join(".")} in it: add --config-path, or --path`
        : `correct its name or remove it; ${reference}`,
    }));
  });
}
