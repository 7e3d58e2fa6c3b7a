import { z } from "zod";

/**
 * osbuild's blueprint, key by key: the Go types that osbuild-composer decodes a pushed TOML into (osbuild/blueprint,
 * pkg/blueprint/blueprint.go and customizations.go, at a79d26e). osbuild-composer silently ignores unknown keys; here
 * they are rejected. Customizations that the lab does not use are only named.
 */
const text = z.string();
const texts = z.array(text);
const pkg = z.strictObject({ name: text, version: text.optional() });
const unused = z.unknown().optional();

export const blueprintReference = z.strictObject({
  name: text.min(1),
  description: text.optional(),
  version: text.regex(/^\d+\.\d+\.\d+$/, "Invalid 'version', must use Semantic Versioning").optional(),
  packages: z.array(pkg).optional(),
  modules: z.array(pkg).optional(),
  enabled_modules: z.array(z.strictObject({ name: text, stream: text.optional() })).optional(),
  groups: z.array(z.strictObject({ name: text })).optional(),
  containers: unused,
  distro: text.optional(),
  architecture: text.optional(),
  minimal: z.boolean().optional(),
  customizations: z
    .strictObject({
      hostname: text.optional(),
      kernel: z.strictObject({ name: text.optional(), append: text.optional() }).optional(),
      sshkey: z.array(z.strictObject({ user: text, key: text })).optional(),
      user: z
        .array(
          z.strictObject({
            name: text,
            description: text.optional(),
            password: text.optional(),
            key: text.optional(),
            home: text.optional(),
            shell: text.optional(),
            groups: texts.optional(),
            uid: z.int().optional(),
            gid: z.int().optional(),
            expiredate: z.int().optional(),
            force_password_reset: z.boolean().optional(),
          }),
        )
        .optional(),
      group: z.array(z.strictObject({ name: text, gid: z.int().optional() })).optional(),
      timezone: z.strictObject({ timezone: text.optional(), ntpservers: texts.optional() }).optional(),
      locale: z.strictObject({ languages: texts.optional(), keyboard: text.optional() }).optional(),
      firewall: z
        .strictObject({
          ports: texts.optional(),
          services: z.strictObject({ enabled: texts.optional(), disabled: texts.optional() }).optional(),
          zones: z.array(z.strictObject({ name: text.optional(), sources: texts.optional() })).optional(),
        })
        .optional(),
      services: z
        .strictObject({ enabled: texts.optional(), disabled: texts.optional(), masked: texts.optional() })
        .optional(),
      filesystem: unused,
      disk: unused,
      installation_device: text.optional(),
      partitioning_mode: text.optional(),
      fdo: unused,
      openscap: unused,
      ignition: unused,
      directories: unused,
      files: unused,
      repositories: unused,
      fips: z.boolean().optional(),
      installer: unused,
      rpm: unused,
      rhsm: unused,
      cacerts: unused,
      "containers-storage": unused,
      firstboot: unused,
      dnf: unused,
      iso: unused,
      sshd: unused,
    })
    .optional(),
});
