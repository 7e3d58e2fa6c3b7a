import { CRYPT_HASH } from "../protocol/fields";
import { OPERATOR } from "../protocol/names";
import { DEVICE, deviceProgram } from "../protocol/paths";
import type { DeviceConfig } from "./config";
import { placeOf, vrrpOf } from "./vrrp";

/** Contents of a kickstart: everything that one role's devices need beyond the image they share. */
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
    /** Full name and shell, for an image that does not have the user. */
    readonly description?: string;
    readonly shell?: string;
  };
  /** Time zone, language and keyboard of the system; defaults Etc/UTC, en_US.UTF-8, us. */
  readonly system?: { readonly timezone?: string; readonly language?: string; readonly keyboard?: string };
  /** The devices of this role; a device recognises itself by its MAC. */
  readonly devices: readonly DeviceConfig[];
  /** Every device of the lab, for the VRRP peers and priorities. */
  readonly allDevices: readonly DeviceConfig[];
  readonly prefix: number;
  readonly gateway: string;
  /**
   * Static addresses, from the installer on, for a network whose DHCP server is not the lab's. Undefined: DHCP.
   */
  readonly fixed?: { readonly netmask: string; readonly nameservers: readonly string[] };
  readonly vip: string;
  readonly depotUrl: string;
  /** `host:port` of the container registry. */
  readonly registry: string;
  readonly advertSeconds: number;
  readonly idleSeconds: number;
  readonly upgradeGate: "open" | "closed";
  readonly appPort: number;
  /** The program that reads it: Anaconda, or the debian backend's own installer, which prints its own progress. */
  readonly installer: "anaconda" | "own";
}

/**
 * Kernel arguments of a role's boot ISO: the VRRP part, as the demonstration has it, for the role's first device. Each
 * further one has a priority that is lower by one.
 */
export function kernelArgs(role: DeviceConfig["role"]): string[] {
  const { state, priority } = vrrpOf(role);
  return [`vip_state=${state}`, `vip_priority=${priority}`];
}

const WORD = /^[A-Za-z0-9@%_+=:,./-]+$/;

/** An unquoted value: in a kickstart a blank or # ends it, in a shell script many other characters do. */
function word(text: string | number, what: string): string {
  const value = String(text);
  if (!WORD.test(value)) {
    throw new Error(`${what}: ${JSON.stringify(value)} has a character that a kickstart cannot carry`);
  }
  return value;
}

/** A crypt(3) hash, also unquoted; no error shows it. */
function cryptHash(text: string): string {
  if (!CRYPT_HASH.test(text)) throw new Error("the password is not a crypt(3) hash");
  return text;
}

/** A public key for double quotes. Its comment is only for people, so unsafe characters in it are replaced. */
function publicKey(text: string): string {
  const [type = "", data = "", ...comment] = text.split(" ");
  // Somebody may have written a private key instead, so no error shows it.
  if (!WORD.test(type) || !WORD.test(data))
    throw new Error("authorizedKeys: a key has a character that a kickstart cannot carry");
  const rest = comment.map((part) => ` ${part.replace(/[^\w@.:+=,/-]/g, "_")}`).join("");
  return `${type} ${data}${rest}`;
}

function deviceCase(args: KickstartArgs): string[] {
  return args.devices.flatMap((d) => {
    const others = args.allDevices.filter((o) => o.name !== d.name);
    const peers = others.map((o) => word(o.address, "devices.address")).join(" ");
    const name = word(d.name, "devices.name");
    const address = word(d.address, "devices.address");
    const role = word(d.role, "devices.role");
    return [
      `  ${word(d.mac.toLowerCase(), "devices.mac")})`,
      `    name=${name} role=${role} place=${placeOf(d, args.allDevices)} address=${address} peers="${peers}"`,
      "    ;;",
    ];
  });
}

/** File that %pre writes for the device that it finds, and that the kickstart includes. */
const NETWORK_FILE = "/tmp/edge-network.ks";

/**
 * The lines that give a device its static address in the installer already. One kickstart serves all devices of a role,
 * so %pre identifies the device by its MAC address. Anaconda keeps the settings for the installed system.
 */
function fixedNetwork(args: KickstartArgs): string[] {
  if (!args.fixed) return [];
  const { netmask, nameservers } = args.fixed;
  const common = [
    `--netmask=${word(netmask, "netmask")}`,
    `--gateway=${word(args.gateway, "gateway")}`,
    `--nameserver=${word(nameservers.join(","), "nameservers")}`,
  ].join(" ");
  return [
    "%pre --erroronfail",
    "set -eu",
    "tries=0",
    `until [ -s ${NETWORK_FILE} ]; do`,
    "  for nic in /sys/class/net/*; do",
    '    case "$(cat "$nic/address")" in',
    ...args.devices.flatMap((d) => {
      const mac = word(d.mac.toLowerCase(), "devices.mac");
      const address = word(d.address, "devices.address");
      return [
        `    ${mac})`,
        `      echo "network --bootproto=static --device=${mac} --ip=${address} ${common}" > ${NETWORK_FILE}`,
        "      ;;",
      ];
    }),
    "    esac",
    "  done",
    "  tries=$((tries + 1))",
    '  if [ "$tries" -gt 100 ]; then echo "no device of this lab has the MAC address of this machine" >&2; exit 1; fi',
    `  [ -s ${NETWORK_FILE} ] || sleep 0.1`,
    "done",
    "%end",
    "",
  ];
}

/**
 * Additions for Anaconda: files written here get SELinux labels, and the console gets the lines that the lab waits for.
 * An error ends the installation instead of waiting for a key.
 */
const ANACONDA = {
  text: ["text --non-interactive"],
  post: [
    `restorecon -R ${DEVICE.etc} /etc/ssh /etc/hostname /etc/containers ${DEVICE.state}`,
    'echo "edge-install: $(cut -d" " -f1 /proc/uptime) complete" > /dev/console',
  ],
  onError: [
    "%onerror",
    'echo "edge-install: FAILED: Anaconda stopped; the lines before say why" > /dev/console',
    "tail -n 30 /tmp/anaconda.log > /dev/console",
    "%end",
    "",
  ],
};

/**
 * Renders a role's kickstart, for Anaconda and for the debian backend's installer.
 * Every value is checked or quoted; it throws on a value that the format cannot express.
 */
export function renderKickstart(args: KickstartArgs): string {
  const { user, system = {} } = args;
  const anaconda = args.installer === "anaconda";
  const name = word(user.name, "user.name");
  const groups = user.groups.length > 0 ? ` --groups=${word(user.groups.join(","), "user.groups")}` : "";
  const account =
    (user.description ? ` --gecos="${user.description.replace(/[^\w .,@+-]/g, "_")}"` : "") +
    (user.shell === undefined ? "" : ` --shell=${word(user.shell, "user.shell")}`);
  const source = `--url=${word(args.repoUrl, "repoUrl")} --ref=${word(args.ref, "ref")}`;
  const lines = [
    "# Installs one edge device without a question; which one it is follows from its MAC address.",
    ...(anaconda ? ANACONDA.text : ["text"]),
    `lang ${word(system.language ?? "en_US.UTF-8", "customizations.locale.languages")}`,
    `keyboard ${word(system.keyboard ?? "us", "customizations.locale.keyboard")}`,
    `timezone ${word(system.timezone ?? "Etc/UTC", "customizations.timezone.timezone")} --utc`,
    "zerombr",
    "clearpart --all --initlabel",
    "autopart",
    args.fixed ? `%include ${NETWORK_FILE}` : "network --bootproto=dhcp",
    `ostreesetup --osname=${word(args.osName, "osName")} --remote=${word(args.remote, "remote")} ${source}`,
    'bootloader --append="console=tty0 console=ttyS0,115200n8 panic=10 oops=panic quiet"',
    "rootpw --lock",
    `user --name=${name} --uid=${OPERATOR.uid}${groups}${account} --password=${cryptHash(user.passwordHash)} --iscrypted`,
    ...user.authorizedKeys.map((key) => `sshkey --username=${name} "${publicKey(key)}"`),
    "reboot",
    "",
    ...fixedNetwork(args),
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
    `mkdir -p ${DEVICE.etc}`,
    `cat > ${DEVICE.settings} <<END`,
    "EDGE_NAME=$name",
    "EDGE_ROLE=$role",
    "EDGE_ADDRESS=$address",
    `EDGE_PREFIX=${word(args.prefix, "prefix")}`,
    `EDGE_GATEWAY=${word(args.gateway, "gateway")}`,
    ...(args.fixed
      ? [`EDGE_DNS="${args.fixed.nameservers.map((n) => word(n, "nameservers")).join(" ")}"`]
      : []),
    `EDGE_VIP=${word(args.vip, "vip")}`,
    "EDGE_VIP_STATE=$vip_state",
    "EDGE_VIP_PRIORITY=$(($vip_priority - $place))",
    'EDGE_PEERS="$peers"',
    `EDGE_DEPOT=${word(args.depotUrl, "depotUrl")}`,
    `EDGE_REGISTRY=${word(args.registry, "registry")}`,
    `EDGE_APP_PORT=${word(args.appPort, "appPort")}`,
    `EDGE_ADVERT_SECONDS=${word(args.advertSeconds, "advertSeconds")}`,
    `EDGE_APP_IDLE_SECONDS=${word(args.idleSeconds, "idleSeconds")}`,
    `EDGE_UPGRADE_GATE=${word(args.upgradeGate, "upgradeGate")}`,
    "END",
    deviceProgram("provision"),
    ...(anaconda ? ANACONDA.post : []),
    "%end",
    "",
    ...(anaconda ? ANACONDA.onError : []),
  ];
  return lines.join("\n");
}
