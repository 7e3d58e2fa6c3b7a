import { z } from "zod";

import { LIBVIRT } from "../protocol/names";
import { PORTS } from "../protocol/ports";
import { line } from "../protocol/text";
import { LOCAL_URI } from "./labHost";
import { parseRemote } from "./remoteHost";

const packageName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]*$/, "is a package name; letters, digits and . + _ - only");
const deviceName = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, "is a host name; a-z, 0-9 and -, starting with a letter");
const interfaceName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/, "is a name for a network interface, at most 15 characters");
const objectName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$/, "is a name of letters, digits and . _ -, at most 50");
const port = z.int().min(1024).max(65535);
const sshKey = z
  .string()
  .regex(
    /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+( [^"\p{Cc}]*)?$/u,
    'is a public key in OpenSSH format, e.g. "ssh-ed25519 AAAA... me@laptop"',
  );
const macAddress = z
  .string()
  .regex(/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, "is a MAC address such as 52:54:00:00:00:0b")
  .refine((mac) => (parseInt(mac.slice(0, 2), 16) & 1) === 0, "is a unicast MAC address (first byte even)");

const subscription = "is { username, password } or { organization, activationKey }";

/** The keys of the namespace `edge-lab`, as a stack file writes them, with the documented defaults. */
export const schema = z.strictObject({
  builder: z.enum(["debian", "osbuild"]).default("debian"),
  distribution: z
    .string()
    .regex(
      /^(rhel|centos|fedora)-[1-9][0-9]{0,2}$/,
      "is rhel-9, centos-9, fedora-42 or the like: name and major version",
    )
    .optional(),
  libvirtUri: z
    .string()
    .refine(
      (uri) => uri === LOCAL_URI || parseRemote(uri) !== undefined,
      "is qemu:///system, or qemu+ssh://user@host[:port]/system, to which ?keyfile=/path/of/a/private/key may be added",
    )
    .default(LOCAL_URI),
  hostKeys: z.array(sshKey).default([]),
  stateDir: line.min(1).default(".lab"),
  accelerator: z.enum(["auto", "kvm", "tcg"]).default("auto"),
  network: z
    .strictObject({
      mode: z.enum(["nat", "lan"]).default("nat"),
      cidr: line.default("192.168.76.0/24"),
      vip: line.optional(),
      uplink: z
        .string()
        .regex(/^[^/\s:\p{Cc}]{1,15}$/u, "is the name of a network interface, at most 15 characters")
        .optional(),
      /** Default: the mode's, lib/config.ts. */
      bridge: interfaceName.optional(),
      name: objectName.default(LIBVIRT.name),
      advertSeconds: z
        .union([z.literal("auto"), z.number().min(0.1).max(10)], {
          error: "is auto, or a number of seconds from 0.1 to 10",
        })
        .default("auto"),
    })
    .prefault({}),
  ports: z
    .strictObject({ registry: port.default(PORTS.registry), content: port.default(PORTS.depot) })
    .prefault({}),
  devices: z
    .array(
      z.strictObject({
        name: deviceName,
        role: z.enum(["primary", "backup"]),
        address: line.optional(),
        mac: macAddress.optional(),
      }),
    )
    .min(1)
    .max(64)
    .default([
      { name: "edge-device-1", role: "primary" },
      { name: "edge-device-2", role: "backup" },
    ]),
  device: z
    .strictObject({
      memoryMiB: z.int().min(1536).max(1048576).default(2048),
      vcpus: z.int().min(1).max(64).default(2),
      diskGiB: z.int().min(8).max(2048).default(16),
    })
    .prefault({}),
  blueprint: line.min(1).default("assets/blueprints/RFE.toml"),
  releases: z
    .array(
      z.strictObject({
        version: line,
        addPackages: z.array(packageName).default([]),
        removePackages: z.array(packageName).default([]),
      }),
    )
    .min(1)
    .max(50)
    .default([
      { version: "0.0.1", addPackages: [], removePackages: [] },
      { version: "0.0.2", addPackages: ["strace"], removePackages: [] },
    ]),
  targetVersion: line.optional(),
  upgradeGate: z.enum(["open", "closed"]).default("open"),
  app: z
    .strictObject({
      release: z.enum(["v1", "v2"]).default("v1"),
      idleSeconds: z.int().min(5).max(86400).default(60),
    })
    .prefault({}),
  coreUser: z
    .strictObject({
      authorizedKeys: z.array(sshKey).default([]),
      password: z.string().min(8).optional(),
      passwordLogin: z.boolean().default(false),
    })
    .prefault({}),
  subscription: z
    .union(
      [
        z.strictObject({ username: line.min(1), password: line.min(1) }),
        z.strictObject({ organization: line.min(1), activationKey: line.min(1) }),
      ],
      { error: subscription },
    )
    .optional(),
  bootIso: line.min(1).optional(),
});

/** A configuration as written, with the defaults filled in. */
export type RawConfig = z.infer<typeof schema>;
