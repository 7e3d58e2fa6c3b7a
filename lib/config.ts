import { isAddress, macFor, nthAddress, type Subnet } from "./addresses";
import { ConfigError, describeIssues, keyText, type Problem } from "./configErrors";
import { labSubnet, ruleProblems, type DeviceConfig } from "./configRules";
import { schema, type RawConfig } from "./configSchema";
import { LIBVIRT } from "../protocol/names";

export type { DeviceConfig } from "./configRules";

/** The validated configuration; every default resolved. */
export interface LabConfig extends Omit<RawConfig, "devices" | "network" | "targetVersion"> {
  readonly network: Subnet & {
    readonly mode: "nat" | "lan";
    readonly vip: string;
    readonly uplink: string | undefined;
    /** The bridge that the devices plug into. */
    readonly bridge: string;
    /** The libvirt network and storage pool. */
    readonly name: string;
    /** VRRP advertisement interval in seconds, or `auto`, see lib/vrrp.ts. */
    readonly advertSeconds: number | "auto";
  };
  readonly devices: readonly DeviceConfig[];
  readonly targetVersion: string;
}

const DEVICE_OFFSET = 11;
const VIP_OFFSET = 100;

/** The default VIP: .100, or the last host address of a network too small for that. */
function defaultVip(subnet: Subnet): string {
  return nthAddress(subnet, subnet.prefix <= 25 ? VIP_OFFSET : 2 ** (32 - subnet.prefix) - 2);
}

function resolveDevice(
  device: RawConfig["devices"][number],
  index: number,
  subnet: Subnet | undefined,
): DeviceConfig {
  const address = device.address ?? (subnet ? nthAddress(subnet, DEVICE_OFFSET + index) : "");
  const mac = device.mac ?? (isAddress(address) ? macFor(address) : "");
  return { name: device.name, role: device.role, address, mac: mac.toLowerCase() };
}

/** Removes the value at a path; for an element of a list, the whole list. */
function remove(from: Record<string, unknown>, path: readonly PropertyKey[]): void {
  let at: unknown = from;
  for (const key of path.slice(0, -1)) at = (at as Record<PropertyKey, unknown> | undefined)?.[key];
  const last = path[path.length - 1];
  if (typeof at === "object" && at !== null && last !== undefined) Reflect.deleteProperty(at, last);
}

/**
 * The configuration without its malformed values, so that one message can also list the rules that the rest breaks;
 * undefined if too little is left.
 */
function withoutMistakes(raw: Record<string, unknown>): { raw: RawConfig; mistaken: string[] } | undefined {
  const rest = structuredClone(raw);
  const mistaken: string[] = [];
  // If removing the value itself leaves a required key missing, remove the whole top-level key.
  for (const pathOf of [(p: PropertyKey[]) => p, (p: PropertyKey[]) => p.slice(0, 1)]) {
    const parsed = schema.safeParse(rest);
    if (parsed.success) return { raw: parsed.data, mistaken };
    for (const issue of parsed.error.issues) {
      const paths =
        issue.code === "unrecognized_keys" ? issue.keys.map((k) => [...issue.path, k]) : [issue.path];
      for (const path of paths.map(pathOf)) {
        mistaken.push(keyText(path));
        remove(rest, path);
      }
    }
  }
  const parsed = schema.safeParse(rest);
  return parsed.success ? { raw: parsed.data, mistaken } : undefined;
}

/**
 * Validates a stack's configuration and fills in the defaults.
 * @param raw the keys without their namespace
 * @param source where they come from, for messages, e.g. `Pulumi.dev.yaml`
 * @throws ConfigError that lists every bad key with its value, the rule and the fix
 */
export function resolveConfig(raw: Record<string, unknown>, source: string): LabConfig {
  const parsed = schema.safeParse(raw);
  const problems: Problem[] = parsed.success
    ? []
    : describeIssues(raw, parsed.error, schema, "README.md lists the keys");
  const usable = parsed.success ? { raw: parsed.data, mistaken: [] } : withoutMistakes(raw);
  if (!usable) throw new ConfigError(source, problems);

  const c = usable.raw;
  const subnet = labSubnet(c.network.cidr);
  const vip = c.network.vip ?? (subnet ? defaultVip(subnet) : "");
  const devices = c.devices.map((device, i) => resolveDevice(device, i, subnet));
  const targetVersion = c.targetVersion ?? c.releases[c.releases.length - 1]?.version ?? "";
  const known = (...keys: string[]): boolean =>
    !usable.mistaken.some((bad) => keys.some((key) => bad === key || key.startsWith(`${bad}.`)));
  problems.push(...ruleProblems({ raw: c, subnet, vip, devices, targetVersion, known }));
  if (problems.length > 0 || !subnet) throw new ConfigError(source, problems);
  const { mode, uplink, name, bridge = LIBVIRT.bridges[mode], advertSeconds } = c.network;
  return {
    ...c,
    network: { ...subnet, mode, vip, uplink, bridge, name, advertSeconds },
    devices,
    targetVersion,
  };
}
