import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

import { canonicalJson } from "../lib/contentHash";
import { after, hostScript, resultOf } from "../lib/hostScript";
import type { PackageSpec } from "../lib/releases";

/** Inputs of {@link EdgeHost}. */
export interface EdgeHostArgs {
  /** Directory for everything that the lab writes; absolute path. */
  stateDir: string;
  builder: "debian" | "osbuild";
  /** libvirt URI for the host's own scripts, e.g. `qemu:///system`. */
  libvirtUri: string;
  /** libvirt URI for the program: the same on this host, `qemu+ssh://` for another. */
  providerUri: string;
  /** The lab's network, its first host address and its bridge. */
  cidr: string;
  gateway: string;
  bridge: string;
  /** Name of the lab's libvirt network and pool. */
  network: string;
  /** Stack of the lab. */
  stack: string;
  /** For a lab in the host's own network: the uplink interface, and the addresses and MACs that the lab takes there. */
  lan?: { readonly uplink: string; readonly addresses: readonly string[]; readonly macs: readonly string[] };
  /** TCP ports that the lab will listen on at the gateway address. */
  ports: readonly number[];
  /** Memory for all devices and one concurrent build, MiB. */
  memoryMiB: number;
  /** Disk space for state, GiB. */
  diskGiB: number;
  /** libvirt names that the lab will use. */
  domains: readonly string[];
  /** Every package of every release; preflight rejects those that do not exist. */
  packages: readonly PackageSpec[];
  /** Additional requirements of the osbuild backend. */
  osbuild?: {
    /** Distribution that the host must run, name and major version, e.g. `rhel-9`. */
    distribution: string;
    /** Registers the host if it is not registered yet; secret. */
    subscription?: Record<string, string> | undefined;
    /** The distribution's boot ISO, which must exist. */
    bootIso?: string | undefined;
  };
}

/**
 * The Linux host. It is checked first (one list of all problems, before anything changes), then gets the packages that
 * the lab needs and a libvirt daemon. Destroying it reverts the changes but leaves the packages.
 */
export class EdgeHost extends pulumi.ComponentResource {
  /** The state directory, resolved when the host is ready: everything that writes there waits for it. */
  public readonly stateDir: pulumi.Output<string>;
  /** Provider for libvirt on this host; its connection waits for the daemon. */
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
    this.stateDir = after(script, args.stateDir);
    this.provider = new libvirt.Provider(
      `${name}-libvirt`,
      { uri: after(script, args.providerUri) },
      { parent: this },
    );
    const console = (): pulumi.Output<string> =>
      resultOf<{ webConsole: string }>(script, "edge-host.sh").apply((r) => r.webConsole);
    this.webConsole = osbuild ? pulumi.unsecret(console()) : undefined;
    this.registerOutputs({ stateDir: this.stateDir, webConsole: this.webConsole });
  }

  /** The script's stdin: the packages to resolve, and the subscription, which is secret. */
  private input({ packages, osbuild }: EdgeHostArgs): pulumi.Input<string> {
    const { subscription, distribution } = osbuild ?? {};
    const text = canonicalJson({ packages, distribution, subscription });
    return subscription ? pulumi.secret(text) : text;
  }
}
