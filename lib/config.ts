import semver from "semver";
import { z } from "zod";

import { isAddress, isHostAddress, macFor, nthAddress, parseSubnet, type Subnet } from "./addresses";
import { ConfigError, describeIssues, type Problem } from "./configErrors";
import { chainProblems } from "./releases";

const packageName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]*$/, "is a package name; letters, digits and . + _ - only");
const deviceName = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, "is a host name; a-z, 0-9 and -, starting with a letter");
const sshKey = z
  .string()
  .regex(
    /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+( [^"\n]*)?$/,
    'is a public key in OpenSSH format, e.g. "ssh-ed25519 AAAA... me@laptop"',
  );
const macAddress = z
  .string()
  .regex(/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, "is a MAC address such as 52:54:00:00:00:0b")
  .refine((mac) => (parseInt(mac.slice(0, 2), 16) & 1) === 0, "is a unicast MAC address (first byte even)");

/** The keys of the namespace `edge-lab`, as a stack file writes them. Defaults are the documented ones. */
export const schema = z.strictObject({
  builder: z.enum(["debian", "osbuild"]).default("debian"),
  libvirtUri: z
    .string()
    .regex(
      /^qemu(\+ssh)?:\/\/\S*\/(system|session)(\?\S*)?$/,
      "is qemu:///system or qemu+ssh://user@host/system",
    )
    .default("qemu:///system"),
  stateDir: z.string().min(1).default(".lab"),
  accelerator: z.enum(["auto", "kvm", "tcg"]).default("auto"),
  network: z
    .strictObject({
      mode: z.enum(["nat", "lan"]).default("nat"),
      cidr: z.string().default("192.168.76.0/24"),
      vip: z.string().optional(),
      uplink: z.string().min(1).optional(),
      advertSeconds: z.number().min(0.1).max(10).default(0.3),
    })
    .prefault({}),
  devices: z
    .array(
      z.strictObject({
        name: deviceName,
        role: z.enum(["primary", "backup"]),
        address: z.string().optional(),
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
  blueprint: z.string().min(1).default("assets/blueprints/RFE.toml"),
  releases: z
    .array(
      z.strictObject({
        version: z.string(),
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
  targetVersion: z.string().optional(),
  upgradeGate: z.enum(["open", "closed"]).default("open"),
  app: z
    .strictObject({
      release: z.enum(["v1", "v2"]).default("v1"),
      idleSeconds: z.int().min(5).max(86400).default(60),
    })
    .prefault({}),
  coreUser: z
    .strictObject({ authorizedKeys: z.array(sshKey).default([]), password: z.string().min(8).optional() })
    .prefault({}),
  subscription: z
    .union([
      z.strictObject({ username: z.string().min(1), password: z.string().min(1) }),
      z.strictObject({ organization: z.string().min(1), activationKey: z.string().min(1) }),
    ])
    .optional(),
  bootIso: z.string().min(1).optional(),
});

type Raw = z.infer<typeof schema>;

/** A device with everything filled in that the stack file may leave out. */
export interface DeviceConfig {
  readonly name: string;
  readonly role: "primary" | "backup";
  readonly address: string;
  readonly mac: string;
}

/** The validated configuration; every default resolved. */
export interface LabConfig extends Omit<Raw, "devices" | "network" | "targetVersion"> {
  readonly network: Subnet & {
    readonly mode: "nat" | "lan";
    readonly vip: string;
    readonly uplink: string | undefined;
    readonly advertSeconds: number;
  };
  readonly devices: readonly DeviceConfig[];
  readonly targetVersion: string;
}

const DEVICE_OFFSET = 11;
const VIP_OFFSET = 100;

function duplicates<T>(values: readonly T[], report: (index: number, value: T, first: number) => void): void {
  values.forEach((value, index) => {
    const first = values.indexOf(value);
    if (first !== index) report(index, value, first);
  });
}

/**
 * Validates a stack's configuration and fills in what it leaves out.
 * @param raw the keys without their namespace
 * @param source where they come from, for messages, e.g. `Pulumi.dev.yaml`
 * @throws ConfigError that lists every bad key with its value, the rule and the fix
 */
export function resolveConfig(raw: Record<string, unknown>, source: string): LabConfig {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new ConfigError(source, describeIssues(raw, parsed.error, schema));
  const c = parsed.data;
  const problems: Problem[] = [];
  const bad = (key: string, value: unknown, rule: string, fix: string): number =>
    problems.push({ key, value, rule, fix });

  const subnet = parseSubnet(c.network.cidr);
  if (!subnet || subnet.prefix < 8 || subnet.prefix > 28) {
    bad(
      "network.cidr",
      c.network.cidr,
      "is an IPv4 network in CIDR notation, /8 to /28, host bits zero",
      "write the network's own address, e.g. 192.168.76.0/24",
    );
    throw new ConfigError(source, problems);
  }
  const vip =
    c.network.vip ?? nthAddress(subnet, subnet.prefix <= 25 ? VIP_OFFSET : 2 ** (32 - subnet.prefix) - 2);
  if (!isHostAddress(subnet, vip)) {
    bad(
      "network.vip",
      vip,
      `is a host address inside network.cidr (${subnet.cidr})`,
      "take a free address of it",
    );
  } else if (vip === subnet.gateway) {
    bad(
      "network.vip",
      vip,
      "differs from the gateway, the first host address",
      "take another address of the cidr",
    );
  }
  if (c.network.mode === "lan" && c.network.uplink === undefined) {
    bad(
      "network.uplink",
      undefined,
      "names the host's interface when network.mode is lan",
      "set it, e.g. enp1s0",
    );
  }
  if (c.network.mode === "nat" && c.network.uplink !== undefined) {
    bad(
      "network.uplink",
      c.network.uplink,
      "is for network.mode lan only",
      "remove it, or set network.mode: lan",
    );
  }

  const devices = c.devices.map((d, i): DeviceConfig => {
    const address = d.address ?? nthAddress(subnet, DEVICE_OFFSET + i);
    const mac = (d.mac ?? (isAddress(address) ? macFor(address) : "")).toLowerCase();
    return { name: d.name, role: d.role, address, mac };
  });
  const primaries = c.devices.filter((d) => d.role === "primary").length;
  if (primaries !== 1) {
    bad(
      "devices",
      `${primaries} with role primary`,
      "has exactly one primary",
      "make the others role: backup",
    );
  }
  devices.forEach((d, i) => {
    const key = `devices[${i}].address`;
    if (!isHostAddress(subnet, d.address)) {
      bad(
        key,
        d.address,
        `is a host address inside network.cidr (${subnet.cidr})`,
        "take a free address of it",
      );
    } else if (d.address === subnet.gateway) {
      bad(
        key,
        d.address,
        "differs from the gateway, the first host address",
        "take another address of the cidr",
      );
    } else if (d.address === vip) {
      bad(key, d.address, "differs from network.vip", "take another address of the cidr");
    }
  });
  for (const field of ["name", "address", "mac"] as const) {
    duplicates(
      devices.map((d) => d[field]),
      (i, value, first) =>
        bad(
          `devices[${i}].${field}`,
          value,
          `is unique (devices[${first}] has it too)`,
          "give each device its own",
        ),
    );
  }

  const versions = c.releases.map((r) => r.version);
  for (const p of chainProblems(versions))
    bad(`releases[${p.index}].version`, versions[p.index], p.rule, p.fix);
  c.releases.forEach((r, i) => {
    const both = r.addPackages.filter((p) => r.removePackages.includes(p));
    if (both.length > 0) {
      bad(
        `releases[${i}]`,
        both.join(", "),
        "adds and removes different packages",
        "keep it in one of the lists",
      );
    }
    if (i === 0 && r.removePackages.length > 0) {
      bad(
        "releases[0].removePackages",
        r.removePackages,
        "is empty: the first release has no parent",
        "edit the blueprint",
      );
    }
  });
  const targetVersion = c.targetVersion ?? versions[versions.length - 1] ?? "";
  if (c.targetVersion !== undefined && !versions.includes(c.targetVersion)) {
    bad(
      "targetVersion",
      c.targetVersion,
      `is one of releases (${versions.join(", ")})`,
      "name one of them, or add it",
    );
  }
  if (c.builder === "osbuild" && c.bootIso === undefined) {
    bad("bootIso", undefined, "is the path of the distribution's boot ISO when builder is osbuild", "set it");
  }
  if (problems.length > 0) throw new ConfigError(source, problems);
  const { vip: _v, cidr: _c, ...network } = c.network;
  return { ...c, network: { ...subnet, ...network, uplink: network.uplink, vip }, devices, targetVersion };
}

/** True where `version` is older than what the chain has after it, i.e. the rollout is a downgrade. */
export function isDowngrade(from: string, to: string): boolean {
  return semver.lt(to, from);
}
