import { isHostAddress, parseSubnet, type Subnet } from "./addresses";
import type { Problem } from "./configErrors";
import type { RawConfig } from "./configSchema";
import { chainProblems } from "./releases";
import { parseRemote } from "./remoteHost";

/** A device with the defaults filled in. */
export interface DeviceConfig {
  readonly name: string;
  readonly role: "primary" | "backup";
  readonly address: string;
  readonly mac: string;
}

/** Input of the rules: the keys as written, and the values derived from them. */
export interface Candidate {
  readonly raw: RawConfig;
  /** Undefined if `network.cidr` is invalid. */
  readonly subnet: Subnet | undefined;
  readonly vip: string;
  /** Addresses and MACs are empty if nothing determines them. */
  readonly devices: readonly DeviceConfig[];
  readonly targetVersion: string;
  /** False if one of these keys was malformed and has its default here: rules then skip it. */
  readonly known: (...keys: string[]) => boolean;
}

type Report = (key: string, value: unknown, rule: string, fix: string) => void;

const FREE_ADDRESS = "take a free address of it";
const OTHER_ADDRESS = "take another address of the cidr";

/** The network of a CIDR; undefined if the lab cannot use it. */
export function labSubnet(cidr: string): Subnet | undefined {
  const subnet = parseSubnet(cidr);
  return subnet && subnet.prefix >= 8 && subnet.prefix <= 28 ? subnet : undefined;
}

/** In the host's own LAN the lab cannot know which addresses are free: the stack file must give them. */
function lanRules({ raw, known }: Candidate, bad: Report): void {
  const rule = "is given where network.mode is lan: which addresses are free there only its owner knows";
  const fix = "write an address of the LAN that its DHCP server does not give away";
  if (raw.network.vip === undefined && known("network.vip")) bad("network.vip", undefined, rule, fix);
  if (!known("devices")) return;
  raw.devices.forEach((d, i) => {
    if (d.address === undefined) bad(`devices[${i}].address`, undefined, rule, fix);
  });
}

function networkRules({ raw, subnet, vip, known }: Candidate, bad: Report): void {
  const { cidr } = raw.network;
  if (!subnet) {
    bad(
      "network.cidr",
      cidr,
      "is an IPv4 network in CIDR notation, /8 to /28, host bits zero",
      "write the network's own address, e.g. 192.168.76.0/24",
    );
  } else if (!known("network.cidr", "network.vip")) {
    return;
  } else if (!isHostAddress(subnet, vip)) {
    bad("network.vip", vip, `is a host address inside network.cidr (${cidr})`, FREE_ADDRESS);
  } else if (raw.network.mode === "nat" && vip === subnet.gateway) {
    bad("network.vip", vip, "differs from the gateway, the first host address", OTHER_ADDRESS);
  }
}

function portRules({ ports }: RawConfig, bad: Report): void {
  if (ports.registry !== ports.content) return;
  bad("ports.content", ports.content, "differs from ports.registry", "write another port");
}

function uplinkRules({ mode, uplink }: RawConfig["network"], bad: Report): void {
  if (mode === "lan" && uplink === undefined) {
    const rule = "names the host's interface when network.mode is lan";
    bad("network.uplink", undefined, rule, "set it, e.g. enp1s0");
  }
  if (mode === "nat" && uplink !== undefined) {
    bad("network.uplink", uplink, "is for network.mode lan only", "remove it, or set network.mode: lan");
  }
}

function addressRule(
  { raw, subnet, vip, known }: Candidate,
  key: string,
  address: string,
  bad: Report,
): void {
  if (!subnet || !known("network.cidr")) return;
  if (!isHostAddress(subnet, address)) {
    bad(key, address, `is a host address inside network.cidr (${subnet.cidr})`, FREE_ADDRESS);
  } else if (raw.network.mode === "nat" && address === subnet.gateway) {
    bad(key, address, "differs from the gateway, the first host address", OTHER_ADDRESS);
  } else if (address === vip && known("network.vip")) {
    bad(key, address, "differs from network.vip", OTHER_ADDRESS);
  }
}

function remoteRules({ raw }: Candidate, bad: Report): void {
  const remote = parseRemote(raw.libvirtUri);
  if (remote && raw.hostKeys.length === 0) {
    const { host, port } = remote;
    bad(
      "hostKeys",
      undefined,
      `pins the host keys of ${host}: no connection is made on trust`,
      `ssh-keyscan -p ${port} ${host} shows them; list all of them without the name in front, once ssh-keygen -lf FILE shows ` +
        `the same fingerprints as "for k in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $k; done" on that host itself`,
    );
  }
  if (!remote && raw.hostKeys.length > 0) {
    bad("hostKeys", raw.hostKeys, "is for a libvirtUri with qemu+ssh", "remove it, or name the other host");
  }
}

function deviceRules(candidate: Candidate, bad: Report): void {
  const { devices } = candidate;
  const primaries = devices.filter((d) => d.role === "primary").length;
  if (primaries !== 1) {
    const fix = primaries === 0 ? "give one of them role: primary" : "give the others role: backup";
    bad("devices", `${primaries} with role primary`, "has exactly one primary", fix);
  }
  devices.forEach((d, i) => addressRule(candidate, `devices[${i}].address`, d.address, bad));
  for (const field of ["name", "address", "mac"] as const) {
    const values = devices.map((d) => d[field]);
    values.forEach((value, i) => {
      const first = values.indexOf(value);
      if (first === i || value === "") return;
      // A MAC derived from an address is not a second mistake.
      if (field === "mac" && devices[first]?.address === devices[i]?.address) return;
      const rule = `is unique (devices[${first}] has it too)`;
      bad(`devices[${i}].${field}`, value, rule, "give each device its own");
    });
  }
}

function releaseRules({ raw, targetVersion, known }: Candidate, bad: Report): void {
  const versions = raw.releases.map((r) => r.version);
  for (const p of chainProblems(versions)) {
    bad(`releases[${p.index}].version`, versions[p.index], p.rule, p.fix);
  }
  raw.releases.forEach((release, i) => {
    for (const list of ["addPackages", "removePackages"] as const) {
      const names = release[list];
      const twice = [...new Set(names.filter((name, j) => names.indexOf(name) !== j))];
      if (twice.length === 0) continue;
      bad(`releases[${i}].${list}`, twice.join(", "), "names each package once", "remove one of them");
    }
    const both = release.addPackages.filter((p) => release.removePackages.includes(p));
    if (both.length > 0) {
      const rule = "adds and removes different packages";
      bad(`releases[${i}]`, both.join(", "), rule, "keep it in one of the lists");
    }
    if (i === 0 && release.removePackages.length > 0) {
      const rule = "is empty: the first release has no parent";
      bad("releases[0].removePackages", release.removePackages, rule, "edit the blueprint");
    }
  });
  if (known("targetVersion") && !versions.includes(targetVersion)) {
    const rule = `is one of releases (${versions.join(", ")})`;
    bad("targetVersion", targetVersion, rule, "name one of them, or add it");
  }
}

/** Keys that only the osbuild backend reads, and those that it requires. */
function builderRules({ raw, known }: Candidate, bad: Report): void {
  const { builder, distribution, bootIso, subscription } = raw;
  if (builder === "osbuild") {
    if (bootIso === undefined && known("bootIso")) {
      bad(
        "bootIso",
        undefined,
        "is the path of the distribution's boot ISO when builder is osbuild",
        "set it",
      );
    }
    const registers = distribution === undefined || distribution.startsWith("rhel-");
    if (subscription !== undefined && !registers && known("subscription", "distribution")) {
      const rule = `is for distribution rhel only: ${distribution} needs none`;
      bad("subscription", undefined, rule, "remove it: pulumi config rm edge-lab:subscription");
    }
    return;
  }
  if (distribution !== undefined && known("distribution")) {
    const rule = "is for builder osbuild only: the debian backend builds Debian 13";
    bad("distribution", distribution, rule, "remove it, or set builder: osbuild");
  }
}

/** The problems of a configuration whose keys are well-formed; empty if there are none. */
export function ruleProblems(candidate: Candidate): Problem[] {
  const problems: Problem[] = [];
  const bad: Report = (key, value, rule, fix) => void problems.push({ key, value, rule, fix });
  const { raw, known } = candidate;
  networkRules(candidate, bad);
  if (known("network.mode", "network.uplink")) uplinkRules(raw.network, bad);
  if (raw.network.mode === "lan" && known("network.mode")) lanRules(candidate, bad);
  if (known("libvirtUri", "hostKeys")) remoteRules(candidate, bad);
  if (known("ports")) portRules(raw, bad);
  if (known("devices")) deviceRules(candidate, bad);
  if (known("releases")) releaseRules(candidate, bad);
  if (known("builder")) builderRules(candidate, bad);
  return problems;
}
