import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

import { hostScript, resultOf } from "../lib/hostScript";
import { networkXslt, type Owner } from "../lib/owner";

/** The lab in a network of its own, behind the host. */
export interface NatArgs {
  mode: "nat";
  provider: libvirt.Provider;
  /** The lab's network in CIDR notation; the host takes its first address. */
  cidr: string;
  gateway: string;
  /** The bridge that libvirt makes for it. */
  bridge: string;
  /** Name of the libvirt network. */
  network: string;
  /** Who the network says that it belongs to. */
  owner: Owner;
}

/** The lab in the host's own network, by NetworkManager. */
export interface LanArgs {
  mode: "lan";
  stateDir: pulumi.Input<string>;
  /** The host's Ethernet interface in that network, e.g. `enp1s0`; it becomes a port of the bridge. */
  uplink: string;
  /** The LAN in CIDR notation. */
  cidr: string;
  /** The bridge to make. */
  bridge: string;
}

/** Inputs of {@link HostBridge}. */
export type HostBridgeArgs = NatArgs | LanArgs;

/** What a bridge gives to the rest of the lab. */
interface Made {
  bridge: pulumi.Output<string>;
  network: pulumi.Output<string>;
  address: pulumi.Output<string>;
  router: pulumi.Output<string>;
  nameservers: pulumi.Output<string[]>;
}

/**
 * The network of the lab. Mode `nat`: a bridge with DHCP and DNS, and NAT to the outside. Mode `lan`: a bridge that
 * takes the host's uplink in, with its addresses; NetworkManager reverts it by itself unless the host stays reachable.
 */
export class HostBridge extends pulumi.ComponentResource {
  /** Name of the bridge, once it is there; devices plug into it. */
  public readonly bridge: pulumi.Output<string>;
  /** Name of the libvirt network that gives the devices their addresses; empty where their kickstart fixes them. */
  public readonly network: pulumi.Output<string>;
  /** The host's address on the bridge, once the bridge is there. */
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

  private makeNat(name: string, args: NatArgs): Made {
    const { provider, cidr, gateway } = args;
    const network = new libvirt.Network(
      `${name}-network`,
      {
        name: args.network,
        mode: "nat",
        bridge: args.bridge,
        addresses: [cidr],
        domain: "edge.lab",
        autostart: true,
        dhcp: { enabled: true },
        dns: { enabled: true, localOnly: true },
        xml: { xslt: networkXslt(args.owner) },
      },
      // A network of the version before names no owner: replaced for that, it would cut its devices off. The host's
      // script tells it instead.
      { parent: this, provider, deleteBeforeReplace: true, ignoreChanges: ["xml"] },
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

  private makeLan(name: string, { stateDir, uplink, cidr, bridge }: LanArgs): Made {
    const script = hostScript(
      `${name}-uplink`,
      {
        run: "./assets/host/bridge.sh",
        env: { STATE_DIR: stateDir, BRIDGE: bridge, UPLINK: uplink, CIDR: cidr },
        sources: ["assets/host/bridge.sh", "assets/host/lib"],
        // Another uplink: the one before is given back first.
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
