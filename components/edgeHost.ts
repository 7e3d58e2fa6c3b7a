import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

import { canonicalJson } from "../lib/contentHash";
import { hostScript, resultOf } from "../lib/hostScript";
import type { PackageSpec } from "../lib/releases";

/** Inputs of {@link EdgeHost}. */
export interface EdgeHostArgs {
  /** Everything that the lab writes; absolute path. */
  stateDir: string;
  builder: "debian" | "osbuild";
  /** libvirt as the host's own scripts reach it, e.g. `qemu:///system`. */
  libvirtUri: string;
  /** libvirt as the program reaches it: the same on this host, `qemu+ssh://` on another. */
  providerUri: string;
  /** The lab's network, its first host address and the bridge that will carry it. */
  cidr: string;
  gateway: string;
  bridge: string;
  /** Where the lab shall stand in the host's own network: the interface, and the addresses and MACs it will have there. */
  lan?: { readonly uplink: string; readonly addresses: readonly string[]; readonly macs: readonly string[] };
  /** TCP ports that the lab will listen on at the gateway address. */
  ports: readonly number[];
  /** Memory for all devices and a build at once, MiB. */
  memoryMiB: number;
  /** Disk space for state, GiB. */
  diskGiB: number;
  /** libvirt names that the lab will use. */
  domains: readonly string[];
  /** Every package of every release; preflight refuses those that do not exist. */
  packages: readonly PackageSpec[];
}

/**
 * The Linux host: checked (all problems in one list, nothing changed before), given the packages that the lab
 * needs, and a libvirt daemon. Destroying it puts back what was changed and leaves the packages.
 */
export class EdgeHost extends pulumi.ComponentResource {
  /** The state directory, once the host is ready: what writes there waits for it. */
  public readonly stateDir: pulumi.Output<string>;
  /** libvirt of this host; its connection waits for the daemon. */
  public readonly provider: libvirt.Provider;

  constructor(name: string, args: EdgeHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:EdgeHost", name, args, opts);
    const script = hostScript(
      `${name}-setup`,
      {
        run: "./assets/host/edge-host.sh",
        env: {
          STATE_DIR: args.stateDir,
          BUILDER: args.builder,
          LIBVIRT_URI: args.libvirtUri,
          CIDR: args.cidr,
          GATEWAY: args.gateway,
          BRIDGE: args.bridge,
          ...(args.lan
            ? {
                UPLINK: args.lan.uplink,
                LAN_ADDRESSES: args.lan.addresses.join(" "),
                LAN_MACS: args.lan.macs.join(" "),
              }
            : {}),
          PORTS: args.ports.join(" "),
          MEMORY_MIB: String(args.memoryMiB),
          DISK_GIB: String(args.diskGiB),
          DOMAINS: args.domains.join(" "),
        },
        stdin: canonicalJson({ packages: args.packages }),
        sources: [
          "assets/host/edge-host.sh",
          "assets/host/lib",
          "assets/host/packages.sh",
          "assets/host/packages.txt",
          `assets/builders/${args.builder}/host-packages.txt`,
        ],
      },
      { parent: this },
    );
    const ready = resultOf<{ libvirtUri: string; stateDir: string }>(script, "edge-host.sh");
    this.stateDir = ready.apply((r) => r.stateDir);
    this.provider = new libvirt.Provider(
      `${name}-libvirt`,
      { uri: ready.apply(() => args.providerUri) },
      { parent: this },
    );
    this.registerOutputs({ stateDir: this.stateDir });
  }
}
