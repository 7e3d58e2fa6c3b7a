import ipaddr from "ipaddr.js";

/** An IPv4 network as the lab uses it; every address is dotted decimal text. */
export interface Subnet {
  /** Network in CIDR notation, host bits zero, e.g. `192.168.76.0/24`. */
  readonly cidr: string;
  /** Length of the prefix. */
  readonly prefix: number;
  /** First host address: the host's own address on the bridge. */
  readonly gateway: string;
  readonly network: string;
  readonly broadcast: string;
  readonly netmask: string;
}

/** The 32-bit number of a dotted decimal address. Throws on anything that is not IPv4. */
export function toNumber(address: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(address).octets;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** The dotted decimal text of a 32-bit number. */
export function toAddress(n: number): string {
  return [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join(".");
}

/** True only for `a.b.c.d` with four decimal parts (no leading zeros, no short forms). */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

/** Parses a CIDR. Returns undefined unless it is IPv4 CIDR notation with zero host bits. */
export function parseSubnet(cidr: string): Subnet | undefined {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr)) return undefined;
  const [address, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  const network = ipaddr.IPv4.networkAddressFromCIDR(cidr).toString();
  if (address.toString() !== network) return undefined;
  return {
    cidr,
    prefix,
    network,
    gateway: toAddress(toNumber(network) + 1),
    broadcast: ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString(),
    netmask: ipaddr.IPv4.subnetMaskFromPrefixLength(prefix).toString(),
  };
}

/** True if the address is in the subnet and is neither its network nor its broadcast address. */
export function isHostAddress(subnet: Subnet, address: string): boolean {
  if (!isAddress(address)) return false;
  const n = toNumber(address);
  return n > toNumber(subnet.network) && n < toNumber(subnet.broadcast);
}

/** The nth address of the subnet (0 is the network itself). */
export function nthAddress(subnet: Subnet, n: number): string {
  return toAddress(toNumber(subnet.network) + n);
}

/**
 * A locally administered MAC derived from the device's address, in QEMU's range 52:54:00, so that a device keeps its
 * lease when the order of the list changes.
 */
export function macFor(address: string): string {
  const [, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(address).octets;
  return ["52", "54", "00", ...[b, c, d].map((n) => n.toString(16).padStart(2, "0"))].join(":");
}
