import type { DeviceConfig } from "./config";

/** What a kickstart says; everything that one role's devices need beyond the image they share. */
export interface KickstartArgs {
  /** URL of the OSTree repository, e.g. `http://192.168.76.1:8000/repo`. */
  readonly repoUrl: string;
  /** Ref that the device installs and follows, e.g. `debian/trixie/x86_64/edge`. */
  readonly ref: string;
  readonly osName: string;
  readonly remote: string;
  readonly user: {
    readonly name: string;
    readonly groups: readonly string[];
    /** crypt(3) hash; the clear text never reaches an ISO. */
    readonly passwordHash: string;
    readonly authorizedKeys: readonly string[];
  };
  /** The devices of this role; a device knows itself by its MAC. */
  readonly devices: readonly DeviceConfig[];
  /** Every device of the lab, for the VRRP peers. */
  readonly allDevices: readonly DeviceConfig[];
  readonly prefix: number;
  readonly gateway: string;
  readonly vip: string;
  readonly depotUrl: string;
  /** `host:port` of the container registry. */
  readonly registry: string;
  readonly advertSeconds: number;
  readonly idleSeconds: number;
  readonly upgradeGate: "open" | "closed";
  readonly appPort: number;
}

/** VRRP state and priority of a role, as the demonstration has them. */
export function vrrpOf(role: DeviceConfig["role"]): { state: "MASTER" | "BACKUP"; priority: number } {
  return role === "primary" ? { state: "MASTER", priority: 255 } : { state: "BACKUP", priority: 254 };
}

/** Kernel arguments of a role's boot ISO: the VRRP part, then what both backends append for the console. */
export function kernelArgs(role: DeviceConfig["role"]): string[] {
  const { state, priority } = vrrpOf(role);
  return [`vip_state=${state}`, `vip_priority=${priority}`];
}

function single(text: string, what: string): string {
  if (/[\n"'\\$`]/.test(text))
    throw new Error(`${what}: "${text}" has a character that a kickstart cannot carry`);
  return text;
}

function deviceCase(args: KickstartArgs): string[] {
  return args.devices.flatMap((d) => {
    const peers = args.allDevices.filter((o) => o.name !== d.name).map((o) => o.address);
    return [
      `  ${d.mac.toLowerCase()})`,
      `    name=${d.name} role=${d.role} address=${d.address} peers="${peers.join(" ")}"`,
      "    ;;",
    ];
  });
}

/**
 * Renders a role's kickstart, for Anaconda and for the debian backend's installer alike.
 * Everything in it is checked or quoted: a value that the format cannot carry throws.
 */
export function renderKickstart(args: KickstartArgs): string {
  const { user } = args;
  const groups = user.groups.length > 0 ? ` --groups=${user.groups.join(",")}` : "";
  const lines = [
    "# Installs one edge device without a question; which one it is follows from its MAC address.",
    "text",
    "lang en_US.UTF-8",
    "keyboard us",
    "timezone Etc/UTC --utc",
    "zerombr",
    "clearpart --all --initlabel",
    "autopart",
    "network --bootproto=dhcp",
    `ostreesetup --osname=${args.osName} --remote=${args.remote} --url=${single(args.repoUrl, "repoUrl")} --ref=${args.ref} --nogpg`,
    'bootloader --append="console=tty0 console=ttyS0,115200n8 panic=10 quiet"',
    "rootpw --lock",
    `user --name=${user.name}${groups} --password=${user.passwordHash} --iscrypted`,
    ...user.authorizedKeys.map((key) => `sshkey --username=${user.name} "${single(key, "authorizedKeys")}"`),
    "reboot",
    "",
    "%post --erroronfail",
    "set -eu",
    "name=",
    "for nic in /sys/class/net/*; do",
    '  case "$(cat "$nic/address")" in',
    ...deviceCase(args),
    "  esac",
    "done",
    'if [ -z "$name" ]; then echo "no device of this lab has the MAC address of this machine" >&2; exit 1; fi',
    "for argument in $(cat /proc/cmdline); do",
    '  case "$argument" in',
    "  vip_state=*) vip_state=${argument#*=} ;;",
    "  vip_priority=*) vip_priority=${argument#*=} ;;",
    "  esac",
    "done",
    'echo "$name" > /etc/hostname',
    "mkdir -p /etc/edge",
    "cat > /etc/edge/device.env <<END",
    "EDGE_NAME=$name",
    "EDGE_ROLE=$role",
    "EDGE_ADDRESS=$address",
    `EDGE_PREFIX=${args.prefix}`,
    `EDGE_GATEWAY=${args.gateway}`,
    `EDGE_VIP=${args.vip}`,
    "EDGE_VIP_STATE=$vip_state",
    "EDGE_VIP_PRIORITY=$vip_priority",
    'EDGE_PEERS="$peers"',
    `EDGE_DEPOT=${single(args.depotUrl, "depotUrl")}`,
    `EDGE_REGISTRY=${single(args.registry, "registry")}`,
    `EDGE_APP_PORT=${args.appPort}`,
    `EDGE_ADVERT_SECONDS=${args.advertSeconds}`,
    `EDGE_APP_IDLE_SECONDS=${args.idleSeconds}`,
    `EDGE_UPGRADE_GATE=${args.upgradeGate}`,
    "END",
    "/usr/libexec/edge/provision",
    "%end",
    "",
  ];
  return lines.join("\n");
}
