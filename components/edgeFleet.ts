import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

import type { LabConfig } from "../lib/config";
import { hashOf } from "../lib/contentHash";
import { diskGeneration, type Findings } from "../lib/drift";
import { kernelArgs, renderKickstart, type KickstartArgs } from "../lib/kickstart";
import type { StackState } from "../lib/stackState";
import { autoAdvertSeconds, vipPriority } from "../lib/vrrp";
import { inState } from "../protocol/paths";
import { Accelerator } from "./accelerator";
import { CustomIso } from "./customIso";
import { EdgeDomain } from "./edgeDomain";

/** Kickstart arguments that come from other parts of the lab; the rest follows from the configuration. */
type FromElsewhere = "repoUrl" | "depotUrl" | "registry" | "gateway";
type FromConfig = "devices" | "allDevices" | "user" | "fixed";

/** Inputs of {@link EdgeFleet}. */
export interface EdgeFleetArgs {
  stateDir: pulumi.Input<string>;
  provider: libvirt.Provider;
  /** libvirt URI for the host's own scripts. */
  libvirtUri: string;
  config: LabConfig;
  /** What the stack's state has from earlier runs, and what of it is not as declared. */
  recorded: StackState;
  drift: Findings;
  /** The network that devices plug into, its bridge, and its libvirt name if it assigns addresses, else empty. */
  plugged: pulumi.Resource;
  bridge: string;
  network: string;
  /** Default gateway and name servers. */
  router: pulumi.Input<string>;
  nameservers: pulumi.Input<string[]>;
  /** Repository with the published ref, content server, registry. */
  repoUrl: pulumi.Input<string>;
  depotUrl: pulumi.Input<string>;
  registry: pulumi.Input<string>;
  /** Commit that devices install; the debian installer boots its kernel. */
  commit: pulumi.Input<string>;
  user: {
    name: string;
    groups: string[];
    passwordHash: pulumi.Input<string>;
    authorizedKeys: pulumi.Input<string[]>;
    description?: string;
    shell?: string;
  };
  /** URL of the app on the virtual IP. */
  appUrl: string;
  /** Arguments that all kickstarts share. */
  kickstart: Omit<KickstartArgs, FromElsewhere | FromConfig>;
}

/** The interval of the virtual IP's advertisements, seconds: as configured, or what suits the host. */
function advertSeconds({ network, devices, device }: LabConfig, host: Accelerator): pulumi.Input<number> {
  const { advertSeconds: given } = network;
  if (given !== "auto") return given;
  const vcpus = devices.length * device.vcpus;
  return pulumi
    .all([host.accelerator, host.cores])
    .apply(([accelerator, cores]) => autoAdvertSeconds({ accelerator, cores, vcpus }));
}

/** The edge devices, with one boot ISO per role. */
export class EdgeFleet extends pulumi.ComponentResource {
  /** One value per device, resolved when that device is healthy and has its settings. */
  public readonly ready: pulumi.Output<string>[];

  constructor(name: string, args: EdgeFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:EdgeFleet", name, { devices: args.config.devices }, opts);
    const { config, stateDir, provider } = args;
    const paths = this.makeIsos(args);
    const accelerator = new Accelerator(
      "accelerator",
      {
        stateDir,
        accelerator: config.accelerator,
        bootIso: paths.primary,
        recorded: args.recorded.commands.get("accelerator-probe")?.stdout,
        drift: args.drift.get("accelerator-probe"),
      },
      { parent: this },
    );
    const poolPath = pulumi.output(stateDir).apply((dir) => inState(dir, "pool"));
    const pool = new libvirt.Pool(
      "pool",
      { name: config.network.name, type: "dir", target: { path: poolPath } },
      { parent: this, provider, deleteBeforeReplace: true },
    );
    const domains: EdgeDomain[] = [];
    for (const device of config.devices) {
      const before = domains[domains.length - 1];
      const generation = diskGeneration(device.name, args.recorded, args.drift);
      // What the installation fixes in the device; if it changes, the device is replaced.
      const identity = pulumi.all([args.repoUrl, args.registry]).apply((values) => {
        const { vip, cidr } = config.network;
        const made = { device, vip, cidr, ref: args.kickstart.ref, values };
        return hashOf(generation === "" ? made : { ...made, generation }).slice(0, 12);
      });
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
            poolName: config.network.name,
            poolPath,
            plugged: args.plugged,
            bridge: args.bridge,
            network: args.network,
            iso: paths[device.role],
            identity,
            generation,
            // With emulation, two installations at once take longer than one after the other; and a bad image
            // shows on the first device.
            after: before ? [before.ready] : [],
          },
          { parent: this },
        ),
      );
    }
    this.ready = this.settle(args, domains, advertSeconds(config, accelerator));
    this.registerOutputs({ ready: this.ready });
  }

  /**
   * Gives every device its settings, the primary first: it owns the virtual IP. From its advertisements the others
   * take the interval while they are backups, but a keepalived that reloads begins with its own: a backup that has a
   * shorter one before the owner has it would take over.
   */
  private settle(
    { config, user, appUrl }: EdgeFleetArgs,
    domains: readonly EdgeDomain[],
    advert: pulumi.Input<number>,
  ): pulumi.Output<string>[] {
    const settled = (domain: EdgeDomain, before: pulumi.Input<string>[]): pulumi.Output<string> =>
      domain.settle({
        settings: pulumi
          .all([user.passwordHash, user.authorizedKeys, advert])
          .apply(([passwordHash, authorizedKeys, seconds]) => ({
            advertSeconds: seconds,
            vipPriority: vipPriority(domain.device, config.devices),
            idleSeconds: config.app.idleSeconds,
            authorizedKeys,
            passwordHash,
            passwordLogin: config.coreUser.passwordLogin,
          })),
        appUrl,
        after: before,
      });
    const isPrimary = ({ device }: EdgeDomain): boolean => device.role === "primary";
    const primary = domains.filter(isPrimary).map((d) => settled(d, []));
    return domains.flatMap((d) => (isPrimary(d) ? primary : [settled(d, primary)]));
  }

  /** One ISO per role. A role without devices needs none; it gets the primary's path. */
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
            user: { ...args.user, passwordHash, authorizedKeys },
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
