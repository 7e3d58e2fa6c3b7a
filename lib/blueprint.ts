import { parse, stringify, TomlError } from "smol-toml";
import { z } from "zod";

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
 * An osbuild blueprint, parsed and validated. Field names and meaning are those of the image builder's
 * blueprint reference; of its customizations the lab takes those that both backends can put into an image.
 */
export type Blueprint = z.infer<typeof schema>;

/** The customizations of a blueprint, as the builder verbs take them (JSON). */
export type Customizations = Blueprint["customizations"];

/** A blueprint that cannot be used; the message names the file, the key, the rule and the fix. */
export class BlueprintError extends Error {}

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
    const what = e.message.split("\n")[0];
    throw new BlueprintError(
      `${file}: line ${e.line}, column ${e.column}: ${what}; rule: a blueprint is TOML; fix: correct that line`,
    );
  }
  const result = schema.safeParse(raw);
  if (result.success) {
    const names = result.data.packages.map((p) => p.name);
    const twice = names.find((n, i) => names.indexOf(n) !== i);
    if (twice === undefined) return result.data;
    throw new BlueprintError(
      `${file}: packages: "${twice}" stands twice; rule: each package once; fix: remove one of them`,
    );
  }
  const lines = result.error.issues.map((issue) => {
    const key = issue.path.join(".") || "(top level)";
    return `${file}: ${key}: ${issue.message}`;
  });
  throw new BlueprintError(
    `${lines.join("\n")}\nfix: see the blueprint reference of osbuild for names and forms; the lab takes name, ` +
      "description, version, packages, modules, groups and customizations.{hostname,user,firewall,services}",
  );
}

/** The packages that a blueprint asks for: `packages` and `modules`, which the tools treat alike. */
export function blueprintPackages(blueprint: Blueprint): PackageSpec[] {
  return [...blueprint.packages, ...blueprint.modules];
}

/** The blueprint's text for one release: the same customizations, that release's version and packages. */
export function renderBlueprint(blueprint: Blueprint, release: Release): string {
  const { modules: _, ...rest } = blueprint;
  return stringify({ ...rest, version: release.version, packages: release.packages.map((p) => ({ ...p })) });
}
