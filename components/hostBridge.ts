import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

import { hostScript, resultOf } from "../lib/hostScript";
import { LIBVIRT } from "../protocol/names";

/** The lab in its own network, behind the host. */
export interface NatArgs {
  mode: "nat";
  provider: libvirt.Provider;
  /** The lab's network in CIDR notation; the host takes its first address. */
  cidr: string;
  gateway: string;
}

/** The lab in the host's own network, through NetworkManager. */
export interface LanArgs {
  mode: "lan";
  stateDir: pulumi.Input<string>;
  /** The host's Ethernet interface in that network, e.g. `enp1s0`; it becomes a port of the bridge. */
  uplink: string;
  /** The LAN in CIDR notation. */
  cidr: string;
}

/** Inputs of {@link HostBridge}. */
export type HostBridgeArgs = NatArgs | LanArgs;

/** What a bridge provides to the rest of the lab. */
interface Made {
  bridge: pulumi.Output<string>;
  network: pulumi.Output<string>;
  address: pulumi.Output<string>;
  router: pulumi.Output<string>;
  nameservers: pulumi.Output<string[]>;
}

/**
 * The lab's network. Mode `nat`: a bridge with DHCP, DNS and NAT to the outside. Mode `lan`: a bridge that includes the
 * host's uplink and takes over its addresses; NetworkManager reverts it unless the host stays reachable.
 */
export class HostBridge extends pulumi.ComponentResource {
  /** Name of the bridge that devices plug into; resolved when it exists. */
  public readonly bridge: pulumi.Output<string>;
  /** Name of the libvirt network that assigns the devices' addresses; empty if their kickstart does. */
  public readonly network: pulumi.Output<string>;
  /** The host's address on the bridge; resolved when the bridge exists. */
  public readonly gateway: pulumi.Output<string>;
  /** The devices' default gateway, and their name servers. */
  public readonly router: pulumi.Output<string>;
  public readonly nameservers: pulumi.Output<string[]>;

  constructor(name: string, args: HostBridgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:HostBridge", name, { mode: args.mode, cidr: args.cidr }, opts);
    const made = args.mode === "nat" ? this.makeNat(name, args) : this.makeLan(name, args);
    this.bridge = made.bridge;
    this.network = made.network;
    this.gateway = made.address;
    this.router = made.router;
    this.nameservers = made.nameservers;
    this.registerOutputs({
      bridge: this.bridge,
      network: this.network,
      gateway: this.gateway,
      router: this.router,
      nameservers: this.nameservers,
    });
  }

  private makeNat(name: string, { provider, cidr, gateway }: NatArgs): Made {
    const network = new libvirt.Network(
      `${name}-network`,
      {
        name: LIBVIRT.network,
        mode: "nat",
        bridge: LIBVIRT.bridges.nat,
        addresses: [cidr],
        domain: LIBVIRT.domain,
        autostart: true,
        dhcp: { enabled: true },
        dns: { enabled: true, localOnly: true },
      },
      { parent: this, provider, deleteBeforeReplace: true },
    );
    const address = network.id.apply(() => gateway);
    return {
      bridge: network.bridge,
      network: network.name,
      address,
      router: address,
      nameservers: address.apply((a) => [a]),
    };
  }

  private makeLan(name: string, { stateDir, uplink, cidr }: LanArgs): Made {
    const script = hostScript(
      `${name}-uplink`,
      {
        run: "./assets/host/bridge.sh",
        env: { STATE_DIR: stateDir, BRIDGE: LIBVIRT.bridges.lan, UPLINK: uplink, CIDR: cidr },
        sources: ["assets/host/bridge.sh", "assets/host/lib"],
        // When the uplink changes, the previous one is restored first.
        identity: [uplink],
      },
      { parent: this },
    );
    const result = resultOf<{ bridge: string; address: string; router: string; nameservers: string[] }>(
      script,
      "bridge.sh",
    );
    return {
      bridge: result.apply((r) => r.bridge),
      network: pulumi.output(""),
      address: result.apply((r) => r.address),
      router: result.apply((r) => r.router),
      nameservers: result.apply((r) => r.nameservers),
    };
  }
}
