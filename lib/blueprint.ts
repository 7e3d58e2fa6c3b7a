import { parse, stringify, TomlError } from "smol-toml";

import { refusals, type Builder, type Report } from "./blueprintRefusals";
import { blueprintRules } from "./blueprintRules";
import { blueprintSchema as schema, type Blueprint } from "./blueprintSchema";
import { ConfigError, describeIssues, type Problem } from "./configErrors";
import type { PackageSpec, Release } from "./releases";

export type { Blueprint } from "./blueprintSchema";

const REFERENCE = "names and forms are those of osbuild's blueprint reference";

/** A blueprint that cannot be used; the message names the file and every bad key, the rule and the fix. */
export class BlueprintError extends ConfigError {
  constructor(file: string, problems: readonly Problem[]) {
    super(
      file,
      problems.map((p) => ({ file, ...p })),
    );
    this.name = "BlueprintError";
  }
}

/**
 * Parses a blueprint.
 * @param text the TOML text
 * @param file its path, for messages
 * @param builder the backend that must be able to honour it
 * @throws BlueprintError naming every key that breaks a rule
 */
export function parseBlueprint(text: string, file: string, builder: Builder = "debian"): Blueprint {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (e) {
    if (!(e instanceof TomlError)) throw e;
    const key = `(line ${e.line}, column ${e.column})`;
    const rule = `is TOML: ${e.message.split("\n")[0] ?? ""}`;
    throw new BlueprintError(file, [{ key, value: undefined, rule, fix: "correct that line" }]);
  }
  const result = schema.safeParse(raw);
  const problems: Problem[] = result.success ? [] : describeIssues(raw, result.error, schema, REFERENCE);
  const bad: Report = (key, value, rule, fix) => problems.push({ key, value, rule, fix });
  refusals(raw, builder, bad);
  if (result.success) blueprintRules(result.data, builder, bad);
  if (!result.success || problems.length > 0) throw new BlueprintError(file, problems);
  return result.data;
}

/** The packages that a blueprint requests: `packages` and `modules`, which the tools treat alike. */
export function blueprintPackages(blueprint: Blueprint): PackageSpec[] {
  return [...blueprint.packages, ...blueprint.modules];
}

/** The blueprint's text for one release: the same customizations, with that release's version and packages. */
export function renderBlueprint(blueprint: Blueprint, release: Release): string {
  const { modules: _, ...rest } = blueprint;
  return stringify({ ...rest, version: release.version, packages: release.packages.map((p) => ({ ...p })) });
}
