import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

/** Inputs of {@link HostBridge}. */
export interface HostBridgeArgs {
  provider: libvirt.Provider;
  /** Name of the bridge interface, at most 15 characters. */
  bridge: string;
  /** The lab's network in CIDR notation; the host takes its first address. */
  cidr: string;
  gateway: string;
}

/** The network of the lab, mode `nat`: a bridge on the host with DHCP and DNS, and NAT to the outside. */
export class HostBridge extends pulumi.ComponentResource {
  /** Name of the bridge, once it is there; devices plug into it. */
  public readonly bridge: pulumi.Output<string>;
  /** Name of the libvirt network that gives the devices their addresses. */
  public readonly network: pulumi.Output<string>;
  /** The host's address on the bridge, once the bridge is there. */
  public readonly gateway: pulumi.Output<string>;

  constructor(name: string, args: HostBridgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:HostBridge", name, { bridge: args.bridge, cidr: args.cidr }, opts);
    const network = new libvirt.Network(
      `${name}-network`,
      {
        name: "edge-lab",
        mode: "nat",
        bridge: args.bridge,
        addresses: [args.cidr],
        domain: "edge.lab",
        autostart: true,
        dhcp: { enabled: true },
        dns: { enabled: true, localOnly: true },
      },
      { parent: this, provider: args.provider, deleteBeforeReplace: true },
    );
    this.bridge = network.bridge;
    this.network = network.name;
    this.gateway = network.id.apply(() => args.gateway);
    this.registerOutputs({ bridge: this.bridge, network: this.network, gateway: this.gateway });
  }
}
