import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

import { after, hostScript, resultOf } from "../lib/hostScript";
import { networkXslt, type Owner } from "../lib/owner";
import { LIBVIRT } from "../protocol/names";

/** The lab in its own network, behind the host. */
export interface NatArgs {
  mode: "nat";
  provider: libvirt.Provider;
  /** The lab's network in CIDR notation; the host takes its first address. */
  cidr: string;
  gateway: string;
  /** The bridge that libvirt creates for it. */
  bridge: string;
  /** Name of the libvirt network. */
  network: string;
  /** The owner that the network's metadata names. */
  owner: Owner;
}

/** The lab in the host's own network, through NetworkManager. */
export interface LanArgs {
  mode: "lan";
  stateDir: pulumi.Input<string>;
  /** The host's Ethernet interface in that network, e.g. `enp1s0`; it becomes a port of the bridge. */
  uplink: string;
  /** The LAN in CIDR notation. */
  cidr: string;
  /** The bridge to create. */
  bridge: string;
}

/** Inputs of {@link HostBridge}. */
export type HostBridgeArgs = NatArgs | LanArgs;

/** What a bridge provides to the rest of the lab. */
interface Made {
  made: pulumi.Resource;
  bridge: string;
  network: string;
  address: pulumi.Output<string>;
  router: pulumi.Output<string>;
  nameservers: pulumi.Output<string[]>;
}

/**
 * The lab's network. Mode `nat`: a bridge with DHCP, DNS and NAT to the outside. Mode `lan`: a bridge that includes the
 * host's uplink and takes over its addresses; NetworkManager reverts it unless the host stays reachable.
 */
export class HostBridge extends pulumi.ComponentResource {
  /**
   * What devices wait for before they plug in. A resource, not a value: if the bridge's name were an output, replacing
   * the network would replace every device.
   */
  public readonly made: pulumi.Resource;
  /** Name of the bridge; devices plug into it. */
  public readonly bridge: string;
  /** Name of the libvirt network that assigns the devices' addresses; empty if their kickstart sets them. */
  public readonly network: string;
  /** The host's address on the bridge; resolved when the bridge exists. */
  public readonly gateway: pulumi.Output<string>;
  /** The same, if it is known in advance; a LAN's is not. */
  public readonly knownGateway: string | undefined;
  /** The devices' default gateway, and their name servers. */
  public readonly router: pulumi.Output<string>;
  public readonly nameservers: pulumi.Output<string[]>;

  constructor(name: string, args: HostBridgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:HostBridge", name, { mode: args.mode, cidr: args.cidr }, opts);
    const made = args.mode === "nat" ? this.makeNat(name, args) : this.makeLan(name, args);
    this.made = made.made;
    this.bridge = made.bridge;
    this.network = made.network;
    this.gateway = made.address;
    this.knownGateway = args.mode === "nat" ? args.gateway : undefined;
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
        domain: LIBVIRT.domain,
        autostart: true,
        dhcp: { enabled: true },
        dns: { enabled: true, localOnly: true },
        xml: { xslt: networkXslt(args.owner) },
      },
      // A network of the previous version names no owner. Replacing it would cut off its devices, so the host's script
      // adds the owner.
      { parent: this, provider, deleteBeforeReplace: true, ignoreChanges: ["xml"] },
    );
    const address = after(network, gateway);
    return {
      made: network,
      bridge: args.bridge,
      network: args.network,
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
      made: script,
      bridge,
      network: "",
      address: result.apply((r) => r.address),
      router: result.apply((r) => r.router),
      nameservers: result.apply((r) => r.nameservers),
    };
  }
}
