import { z } from "zod";

import { CRYPT_HASH } from "../protocol/fields";
import { isLine, line, printable } from "../protocol/text";
import { PORT_FORM, PORT_RULE } from "./firewallPorts";

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, "is a name of letters, digits and . _ + -");
const accountName = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,31}$/, "is a Linux user or group name: at most 32 of a-z, 0-9, _ and -");
const unit = z.string().regex(/^[A-Za-z0-9:_.@\\-]+$/, "is the name of a systemd unit");
/** One line of text that passwd(5) can hold. */
const comment = line.refine((text) => !text.includes(":"), "is one line of text without a colon");
const path = line.regex(/^\/[^:]*$/, "is an absolute path of one line without a colon");
/** A path that passwd(5) and tmpfiles.d(5) can hold. */
const plainPath = z
  .string()
  .regex(
    /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._+-]+)+\/?$/,
    "is an absolute path of letters, digits and . _ + -, without . and ..",
  );
const passwordHash = z.string().regex(CRYPT_HASH, "is a crypt(3) hash such as $6$...");
const KEY_LINE = /(^| )[A-Za-z0-9@.-]+ AAAA[A-Za-z0-9+/=]+( |$)/;
const publicKey = z.string().refine((text) => {
  const keys = text.split(/\r?\n/).filter((one) => !/^ *$/.test(one));
  return keys.length > 0 && keys.every((one) => isLine(one) && KEY_LINE.test(one));
}, "holds OpenSSH public keys, one a line, such as ssh-ed25519 AAAA...");
const id = z.int().min(1).max(4294967294);
const octalMode = z.string().regex(/^0?[0-7]{3}$/, 'is an octal mode such as "0644"');
/** An owner by name, or by number. */
const owner = z.union([accountName, z.int().min(0).max(4294967294)]);

/** Of Debian or RPM, or a pattern for it. */
const packageVersion = z
  .string()
  .regex(/^[A-Za-z0-9.+:~^_*?[\]-]+$/, "is a package's version, or a pattern such as 1.2.*");
const packageSchema = z.strictObject({ name, version: packageVersion.default("*") });

const user = z.strictObject({
  name: accountName,
  description: comment.optional(),
  password: passwordHash.optional(),
  key: publicKey.optional(),
  home: plainPath.optional(),
  shell: plainPath.optional(),
  uid: id.optional(),
  gid: id.optional(),
  groups: z.array(accountName).default([]),
  expiredate: z.int().min(0).optional(),
  force_password_reset: z.boolean().optional(),
});

const node = {
  path: path.regex(/^(\/(?!\.{1,2}(\/|$))[^/]+)+$/, "is an absolute path without // , . and .."),
  user: owner.optional(),
  group: owner.optional(),
  mode: octalMode.optional(),
};

/** A key of the reference that no backend of the lab can honour; see blueprintRefusals.ts. */
const refused = z.unknown().optional();
const LINES_RULE = "has texts of one line, but for keys in PEM or PGP form";

/** osbuild writes most texts into INI files. */
function linesOnly(value: unknown): boolean {
  if (typeof value === "string") {
    return isLine(value) || (/^-----BEGIN [A-Z ]+-----\n/.test(value) && printable(value) === value);
  }
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, v]) => isLine(key) && linesOnly(v));
}

/** A list or table that osbuild's image builder reads and checks itself. */
const table = z.record(z.string(), z.unknown()).refine((value) => linesOnly(value), LINES_RULE);

const customizations = z.strictObject({
  hostname: name.optional(),
  kernel: z.strictObject({ name: name.optional(), append: refused }).optional(),
  sshkey: z.array(z.strictObject({ user: accountName, key: publicKey })).optional(),
  user: z.array(user).default([]),
  group: z.array(z.strictObject({ name: accountName, gid: id.optional() })).optional(),
  timezone: z
    .strictObject({
      timezone: z
        .string()
        .regex(
          /^(?!\/)[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+){0,2}$/,
          "is a name of the time zone database, such as Europe/Berlin",
        )
        .optional(),
      ntpservers: z
        .array(z.string().regex(/^[A-Za-z0-9.:-]+$/, "is the name or address of a time server"))
        .optional(),
    })
    .optional(),
  locale: z
    .strictObject({
      languages: z
        .array(
          z
            .string()
            .regex(
              /^(C|POSIX|C\.UTF-8|[a-z]{2,3}(_[A-Z]{2})?\.UTF-8(@[a-z]+)?)$/,
              "is a locale with UTF-8, such as en_US.UTF-8",
            ),
        )
        .optional(),
      keyboard: z
        .string()
        .regex(/^[A-Za-z0-9_-]+$/, "is the name of a keyboard map, such as us")
        .optional(),
    })
    .optional(),
  firewall: z
    .strictObject({
      // firewallPorts.ts has the rules of ranges and names.
      ports: z.array(z.string().regex(PORT_FORM, PORT_RULE)).default([]),
      services: z
        .strictObject({ enabled: z.array(name).default([]), disabled: z.array(name).default([]) })
        .optional(),
      zones: z.array(z.strictObject({ name, sources: z.array(line.min(1)).min(1) })).optional(),
    })
    .optional(),
  services: z
    .strictObject({
      enabled: z.array(unit).default([]),
      disabled: z.array(unit).default([]),
      masked: z.array(unit).default([]),
    })
    .optional(),
  directories: z.array(z.strictObject({ ...node, ensure_parents: z.boolean().optional() })).optional(),
  files: z.array(z.strictObject({ ...node, data: z.string().optional(), uri: refused })).optional(),
  repositories: z.array(table).optional(),
  fips: z.boolean().optional(),
  rhsm: table.optional(),
  dnf: table.optional(),
  filesystem: refused,
  disk: refused,
  partitioning_mode: refused,
  installation_device: refused,
  installer: refused,
  ignition: refused,
  fdo: refused,
  openscap: refused,
  rpm: refused,
  cacerts: refused,
  sshd: refused,
  firstboot: refused,
  iso: refused,
  "containers-storage": refused,
});

/**
 * The form of every key in osbuild's blueprint reference (osbuild.github.io docs/user-guide/01-blueprint-reference.md,
 * and the types of osbuild/blueprint pkg/blueprint, v1.30). What a backend cannot honour is refused by a rule.
 */
export const blueprintSchema = z.strictObject({
  name,
  // Only TOML has it, which can hold several lines.
  description: z
    .string()
    .refine((text) => printable(text) === text, "is text without control characters")
    .default(""),
  version: line,
  distro: name.optional(),
  architecture: line.optional(),
  minimal: refused,
  packages: z.array(packageSchema).default([]),
  modules: z.array(packageSchema).default([]),
  enabled_modules: z.array(z.strictObject({ name, stream: name.optional() })).optional(),
  groups: z.array(z.strictObject({ name })).default([]),
  containers: z
    .array(
      z.strictObject({
        source: line.min(1),
        name: line.min(1).optional(),
        "tls-verify": z.boolean().optional(),
        "local-storage": z.boolean().optional(),
      }),
    )
    .optional(),
  customizations: customizations.prefault({}),
});

/**
 * An osbuild blueprint, parsed and validated. Field names and meaning are those of the image builder's blueprint
 * reference. Every key of it is honoured by the backend, or refused.
 */
export type Blueprint = z.infer<typeof blueprintSchema>;

/** The customizations of a blueprint. */
export type Customizations = Blueprint["customizations"];
