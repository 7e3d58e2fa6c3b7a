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
  /** Name of the libvirt network and pool that the lab will have. */
  network: string;
  /** Stack that the lab is of. */
  stack: string;
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
  /** What the osbuild backend needs of its host besides. */
  osbuild?: {
    /** Name and major version that the host must be, e.g. `rhel-9`. */
    distribution: string;
    /** Registers the host where it is not registered yet; secret. */
    subscription?: Record<string, string> | undefined;
    /** The distribution's boot ISO, which must be there. */
    bootIso?: string | undefined;
  };
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
  /** URL of the host's web console (builder `osbuild`). */
  public readonly webConsole: pulumi.Output<string> | undefined;

  constructor(name: string, args: EdgeHostArgs, opts?: pulumi.ComponentResourceOptions) {
    const { osbuild, ...shown } = args;
    super("edge-lab:index:EdgeHost", name, { ...shown, distribution: osbuild?.distribution }, opts);
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
          NETWORK: args.network,
          STACK: args.stack,
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
          ...(osbuild ? { DISTRIBUTION: osbuild.distribution, BOOT_ISO: osbuild.bootIso ?? "" } : {}),
        },
        stdin: this.input(args),
        secret: osbuild?.subscription !== undefined,
        sources: [
          "assets/host/edge-host.sh",
          "assets/host/lib",
          "assets/host/packages.sh",
          ...(osbuild ? ["assets/host/rhsm"] : ["assets/host/packages.txt"]),
          `assets/builders/${args.builder}/host-packages.txt`,
        ],
      },
      { parent: this },
    );
    const ready = resultOf<{ libvirtUri: string; stateDir: string; webConsole: string }>(
      script,
      "edge-host.sh",
    );
    this.stateDir = pulumi.unsecret(ready.apply((r) => r.stateDir));
    this.provider = new libvirt.Provider(
      `${name}-libvirt`,
      { uri: pulumi.unsecret(ready.apply(() => args.providerUri)) },
      { parent: this },
    );
    this.webConsole = osbuild ? pulumi.unsecret(ready.apply((r) => r.webConsole)) : undefined;
    this.registerOutputs({ stateDir: this.stateDir, webConsole: this.webConsole });
  }

  /** The script's stdin: the packages to solve and, secret, how to register. */
  private input({ packages, osbuild }: EdgeHostArgs): pulumi.Input<string> {
    const { subscription, distribution } = osbuild ?? {};
    const text = canonicalJson({ packages, distribution, subscription });
    return subscription ? pulumi.secret(text) : text;
  }
}
