import { z } from "zod";

import { PORT_FORM, PORT_RULE } from "./firewallPorts";

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, "is a name of letters, digits and . _ + -");
const accountName = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,31}$/, "is a Linux user or group name: at most 32 of a-z, 0-9, _ and -");
const unit = z.string().regex(/^[A-Za-z0-9:_.@\\-]+$/, "is the name of a systemd unit");
/** One line of text that passwd(5) can hold. */
const oneLine = z.string().regex(/^[^:\n\r\0]*$/, "is one line of text without a colon");
const path = z.string().regex(/^\/[^\n\r\0:]*$/, "is an absolute path of one line without a colon");
const publicKey = z
  .string()
  .regex(
    /^\s*([^\n\r\0]*[A-Za-z0-9@.-]+ AAAA[A-Za-z0-9+/=]+[^\n\r\0]*\s*)+$/,
    "holds OpenSSH public keys, one a line, such as ssh-ed25519 AAAA...",
  );
const id = z.int().min(1).max(4294967294);
const octalMode = z.string().regex(/^0?[0-7]{3}$/, 'is an octal mode such as "0644"');
/** An owner by name, or by number. */
const owner = z.union([accountName, z.int().min(0).max(4294967294)]);

const packageSchema = z.strictObject({ name, version: z.string().default("*") });

const user = z.strictObject({
  name: accountName,
  description: oneLine.optional(),
  password: z.string().startsWith("$", "is a crypt(3) hash such as $6$...").optional(),
  key: publicKey.optional(),
  home: z
    .string()
    .regex(/^(\/[A-Za-z0-9._-]+)+\/?$/, "is an absolute path of letters, digits and . _ -")
    .optional(),
  shell: path.optional(),
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
/** A list or table that osbuild's image builder reads and checks itself. */
const table = z.record(z.string(), z.unknown());

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
      zones: z.array(z.strictObject({ name, sources: z.array(z.string().min(1)).min(1) })).optional(),
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
  description: z.string().default(""),
  version: z.string(),
  distro: name.optional(),
  architecture: z.string().optional(),
  minimal: refused,
  packages: z.array(packageSchema).default([]),
  modules: z.array(packageSchema).default([]),
  enabled_modules: z.array(z.strictObject({ name, stream: name.optional() })).optional(),
  groups: z.array(z.strictObject({ name })).default([]),
  containers: z
    .array(
      z.strictObject({
        source: z.string().min(1),
        name: z.string().min(1).optional(),
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
