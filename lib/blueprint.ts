import { parse, stringify, TomlError } from "smol-toml";
import { z } from "zod";

import { ConfigError, describeIssues, type Problem } from "./configErrors";
import type { PackageSpec, Release } from "./releases";

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, "is a name of letters, digits and . _ + -");
const port = z
  .string()
  .regex(/^[0-9]{1,5}(-[0-9]{1,5})?:(tcp|udp)$/, 'is written "8080:tcp" or "5000-5010:udp"');
const unit = z.string().regex(/^[A-Za-z0-9:_.@\\-]+$/, "is the name of a systemd unit");

const packageSchema = z.strictObject({ name, version: z.string().default("*") });

const schema = z.strictObject({
  name,
  description: z.string().default(""),
  version: z.string(),
  distro: z.string().optional(),
  packages: z.array(packageSchema).default([]),
  modules: z.array(packageSchema).default([]),
  groups: z.array(z.strictObject({ name })).default([]),
  customizations: z
    .strictObject({
      hostname: name.optional(),
      user: z
        .array(
          z.strictObject({
            name: z.string().regex(/^[a-z_][a-z0-9_-]*$/, "is a Linux user name"),
            description: z.string().optional(),
            password: z.string().startsWith("$", "is a crypt(3) hash such as $6$...").optional(),
            key: z.string().optional(),
            home: z.string().startsWith("/").optional(),
            shell: z.string().startsWith("/").optional(),
            uid: z.int().positive().optional(),
            gid: z.int().positive().optional(),
            groups: z.array(name).default([]),
          }),
        )
        .default([]),
      firewall: z
        .strictObject({
          ports: z.array(port).default([]),
          services: z
            .strictObject({ enabled: z.array(name).default([]), disabled: z.array(name).default([]) })
            .optional(),
        })
        .optional(),
      services: z
        .strictObject({ enabled: z.array(unit).default([]), disabled: z.array(unit).default([]) })
        .optional(),
    })
    .prefault({}),
});

/**
 * An osbuild blueprint, parsed and validated. Field names and meaning are those of the image builder's blueprint
 * reference; the lab accepts the customizations that both backends can apply to an image.
 */
export type Blueprint = z.infer<typeof schema>;

/** The customizations of a blueprint, as the builder verbs take them (JSON). */
export type Customizations = Blueprint["customizations"];

const REFERENCE =
  "names and forms are those of osbuild's blueprint reference, of which the lab takes name, description, version, " +
  "packages, modules, groups and customizations.{hostname,user,firewall,services}";

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
 * @throws BlueprintError naming every key that breaks a rule
 */
export function parseBlueprint(text: string, file: string): Blueprint {
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
  const problems = result.success ? twice(result.data) : describeIssues(raw, result.error, schema, REFERENCE);
  if (!result.success || problems.length > 0) throw new BlueprintError(file, problems);
  return result.data;
}

function twice(blueprint: Blueprint): Problem[] {
  const names = blueprintPackages(blueprint).map((p) => p.name);
  const again = [...new Set(names.filter((n, i) => names.indexOf(n) !== i))];
  const rule = "lists each package once, modules included";
  return again.map((value) => ({ key: "packages", value, rule, fix: "remove one of them" }));
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
