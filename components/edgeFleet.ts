import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

import type { LabConfig } from "../lib/config";
import { hashOf } from "../lib/contentHash";
import { kernelArgs, renderKickstart, type KickstartArgs } from "../lib/kickstart";
import { Accelerator } from "./accelerator";
import { CustomIso } from "./customIso";
import { EdgeDomain } from "./edgeDomain";

/** What a kickstart takes from other parts of the lab; the rest follows from the configuration. */
type FromElsewhere = "repoUrl" | "depotUrl" | "registry" | "gateway";
type FromConfig = "devices" | "allDevices" | "user" | "fixed";

/** Inputs of {@link EdgeFleet}. */
export interface EdgeFleetArgs {
  stateDir: pulumi.Input<string>;
  provider: libvirt.Provider;
  /** libvirt as the host's own scripts reach it. */
  libvirtUri: string;
  config: LabConfig;
  bridge: pulumi.Input<string>;
  /** libvirt network that gives addresses; no name where the devices have fixed ones. */
  network: pulumi.Input<string>;
  /** Default gateway and name servers. */
  router: pulumi.Input<string>;
  nameservers: pulumi.Input<string[]>;
  /** Repository with the published ref, content server, registry. */
  repoUrl: pulumi.Input<string>;
  depotUrl: pulumi.Input<string>;
  registry: pulumi.Input<string>;
  /** Commit that devices install; the debian installer boots with its kernel. */
  commit: pulumi.Input<string>;
  user: {
    name: string;
    groups: string[];
    passwordHash: pulumi.Input<string>;
    authorizedKeys: pulumi.Input<string[]>;
  };
  /** What every kickstart says alike. */
  kickstart: Omit<KickstartArgs, FromElsewhere | FromConfig>;
}

/** The edge devices, with one boot ISO for each of their roles. */
export class EdgeFleet extends pulumi.ComponentResource {
  /** One value a device, each there when that device is healthy. */
  public readonly ready: pulumi.Output<string>[];

  constructor(name: string, args: EdgeFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:EdgeFleet", name, { devices: args.config.devices }, opts);
    const { config, stateDir, provider } = args;
    const paths = this.makeIsos(args);
    const accelerator = new Accelerator(
      "accelerator",
      { stateDir, accelerator: config.accelerator, bootIso: paths.primary },
      { parent: this },
    );
    const poolPath = pulumi.interpolate`${stateDir}/pool`;
    const pool = new libvirt.Pool(
      "pool",
      { name: config.network.name, type: "dir", target: { path: poolPath } },
      { parent: this, provider, deleteBeforeReplace: true },
    );
    const domains: EdgeDomain[] = [];
    for (const device of config.devices) {
      const before = domains[domains.length - 1];
      // What makes the device what it is from its installation on; a change of it is another device.
      const identity = pulumi.unsecret(
        pulumi
          .all([args.repoUrl, args.registry, args.user.passwordHash, args.user.authorizedKeys])
          .apply((values) => {
            const { vip, cidr } = config.network;
            return hashOf({ device, vip, cidr, ref: args.kickstart.ref, values }).slice(0, 12);
          }),
      );
      domains.push(
        new EdgeDomain(
          device.name,
          {
            stateDir,
            provider,
            libvirtUri: args.libvirtUri,
            device,
            ...config.device,
            accelerator: accelerator.accelerator,
            pool,
            poolPath,
            bridge: args.bridge,
            network: args.network,
            iso: paths[device.role],
            identity,
            // Where every guest is emulated two at once take longer than one after the other; and what is wrong
            // with an image is seen on the first device.
            after: before ? [before.ready] : [],
          },
          { parent: this },
        ),
      );
    }
    this.ready = domains.map((d) => d.ready);
    this.registerOutputs({ ready: this.ready });
  }

  /** One ISO a role. A role that no device has needs none, and its path is the primary's. */
  private makeIsos(args: EdgeFleetArgs): Record<"primary" | "backup", pulumi.Output<string>> {
    const { config } = args;
    const make = (role: "primary" | "backup"): pulumi.Output<string> => {
      const kickstart = pulumi
        .all([
          args.repoUrl,
          args.depotUrl,
          args.registry,
          args.user.passwordHash,
          args.user.authorizedKeys,
          args.router,
          args.nameservers,
        ])
        .apply(([repoUrl, depotUrl, registry, passwordHash, authorizedKeys, gateway, nameservers]) =>
          renderKickstart({
            ...args.kickstart,
            gateway,
            ...(config.network.mode === "lan"
              ? { fixed: { netmask: config.network.netmask, nameservers } }
              : {}),
            repoUrl,
            depotUrl,
            registry,
            user: { name: args.user.name, groups: args.user.groups, passwordHash, authorizedKeys },
            devices: config.devices.filter((d) => d.role === role),
            allDevices: config.devices,
          }),
        );
      return new CustomIso(
        `iso-${role}`,
        {
          stateDir: args.stateDir,
          builder: config.builder,
          role,
          kickstart,
          kernelArgs: kernelArgs(role),
          commit: args.commit,
          ...(config.bootIso ? { bootIso: config.bootIso } : {}),
        },
        { parent: this },
      ).path;
    };
    const primary = make("primary");
    return { primary, backup: config.devices.some((d) => d.role === "backup") ? make("backup") : primary };
  }
}
