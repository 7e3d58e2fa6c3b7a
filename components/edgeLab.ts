import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

import { backends } from "../lib/backends";
import { blueprintPackages, renderBlueprint, type Blueprint as BlueprintDocument } from "../lib/blueprint";
import type { LabConfig } from "../lib/config";
import { hashOf } from "../lib/contentHash";
import { sshCommand } from "../lib/coreUser";
import { kernelArgs, renderKickstart } from "../lib/kickstart";
import { resolveChain } from "../lib/releases";
import { Accelerator } from "./accelerator";
import { AppImage } from "./appImage";
import { Blueprint } from "./blueprint";
import { ComposedCommit, type CommitRecord } from "./composedCommit";
import { CoreUser } from "./coreUser";
import { CustomIso } from "./customIso";
import { Depot, PublishedRef } from "./depot";
import { EdgeDomain } from "./edgeDomain";
import { EdgeHost } from "./edgeHost";
import { HostBridge } from "./hostBridge";
import { OsRollout, type RolloutResult } from "./osRollout";
import { Registry } from "./registry";

const BRIDGE = "edgelab0";
const REGISTRY_PORT = 5000;
const DEPOT_PORT = 8000;
const APP_PORT = 8080;
const OS_NAME = "edge";
const REMOTE = "edge";
/** For composing an image beside the running devices, MiB. */
const BUILD_MEMORY_MIB = 1024;
/** An installed device's share of its thin disk, and the state besides the disks, GiB. */
const DEVICE_DISK_GIB = 2;
const STATE_DISK_GIB = 4;

/** Inputs of {@link EdgeLab}. */
export interface EdgeLabArgs {
  config: LabConfig;
  /** The state directory, absolute. */
  stateDir: string;
  blueprint: BlueprintDocument;
}

/** The whole lab: host, content, registry, images, devices, and the rollout that takes them to the target version. */
export class EdgeLab extends pulumi.ComponentResource {
  public readonly contentUrl: pulumi.Output<string>;
  public readonly registry: pulumi.Output<string>;
  public readonly releases: pulumi.Output<CommitRecord[]>;
  public readonly rollout: pulumi.Output<RolloutResult>;
  public readonly appUrl: string;
  public readonly sshCommand: Record<string, string>;
  public readonly corePassword: pulumi.Output<string>;
  public readonly sshPrivateKey: pulumi.Output<string>;

  constructor(name: string, args: EdgeLabArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:EdgeLab", name, { config: withoutSecrets(args.config) }, opts);
    const { config, blueprint } = args;
    const { network, builder } = config;
    const { ref, adminGroup } = backends[builder];
    const chain = resolveChain(blueprintPackages(blueprint), config.releases);
    this.appUrl = `http://${network.vip}:${APP_PORT}/`;

    const host = new EdgeHost(
      "host",
      {
        stateDir: args.stateDir,
        builder,
        libvirtUri: config.libvirtUri,
        cidr: network.cidr,
        gateway: network.gateway,
        bridge: BRIDGE,
        ports: [DEPOT_PORT, REGISTRY_PORT],
        memoryMiB: config.devices.length * config.device.memoryMiB + BUILD_MEMORY_MIB,
        diskGiB: config.devices.length * DEVICE_DISK_GIB + STATE_DISK_GIB,
        domains: config.devices.map((d) => d.name),
        packages: [...new Map(chain.flatMap((r) => r.packages).map((p) => [p.name, p])).values()],
      },
      { parent: this },
    );
    const { stateDir, provider } = host;
    const bridge = new HostBridge(
      "bridge",
      { provider, bridge: BRIDGE, cidr: network.cidr, gateway: network.gateway },
      { parent: this },
    );

    const registry = new Registry(
      "registry",
      { stateDir, gateway: bridge.gateway, port: REGISTRY_PORT },
      { parent: this },
    );
    const app = (tag: "v1" | "v2" | "prod", after: AppImage[], source?: "v1" | "v2"): AppImage =>
      new AppImage(
        `app-${tag}`,
        {
          stateDir,
          registry: registry.address,
          tag,
          after: after.map((a) => a.digest),
          ...(source ? { source } : {}),
        },
        { parent: this },
      );
    const v1 = app("v1", []);
    const v2 = app("v2", [v1]);
    const prod = app("prod", [v1, v2], config.app.release);

    const depot = new Depot(
      "depot",
      {
        stateDir,
        gateway: bridge.gateway,
        port: DEPOT_PORT,
        ref,
        upgradeGate: config.upgradeGate,
        devices: config.devices,
      },
      { parent: this },
    );
    const commits: ComposedCommit[] = [];
    for (const release of chain) {
      const text = renderBlueprint(blueprint, release);
      const accepted = new Blueprint(
        `blueprint-${release.version}`,
        { stateDir, builder, text },
        { parent: this },
      );
      const parent = commits[commits.length - 1];
      commits.push(
        new ComposedCommit(
          `commit-${release.version}`,
          {
            stateDir,
            builder,
            ref,
            release,
            blueprintText: text,
            customizations: blueprint.customizations,
            blueprintVersion: accepted.version,
            ...(parent ? { parent } : {}),
          },
          { parent: this },
        ),
      );
    }
    const first = commits[0];
    const target = commits[chain.findIndex((r) => r.version === config.targetVersion)];
    if (!first || !target) throw new Error("a lab has at least one release"); // the configuration's rules see to it
    const published = new PublishedRef(
      "published",
      { stateDir, ref, commit: first.commit, contentUrl: depot.contentUrl },
      { parent: this },
    );

    const core = new CoreUser(
      "core",
      {
        stateDir,
        authorizedKeys: config.coreUser.authorizedKeys,
        ...(config.coreUser.password ? { password: pulumi.secret(config.coreUser.password) } : {}),
      },
      { parent: this },
    );
    const kickstart = (role: "primary" | "backup"): pulumi.Output<string> =>
      pulumi
        .all([published.repoUrl, core.passwordHash, core.authorizedKeys, depot.contentUrl, registry.address])
        .apply(([repoUrl, passwordHash, authorizedKeys, depotUrl, registryAddress]) =>
          renderKickstart({
            repoUrl,
            ref,
            osName: OS_NAME,
            remote: REMOTE,
            user: { name: "core", groups: [adminGroup], passwordHash, authorizedKeys },
            devices: config.devices.filter((d) => d.role === role),
            allDevices: config.devices,
            prefix: network.prefix,
            gateway: network.gateway,
            vip: network.vip,
            depotUrl,
            registry: registryAddress,
            advertSeconds: network.advertSeconds,
            idleSeconds: config.app.idleSeconds,
            upgradeGate: config.upgradeGate,
            appPort: APP_PORT,
          }),
        );
    const roles = [...new Set(config.devices.map((d) => d.role))];
    const isos = new Map(
      roles.map((role) => [
        role,
        new CustomIso(
          `iso-${role}`,
          {
            stateDir,
            builder,
            role,
            kickstart: kickstart(role),
            kernelArgs: kernelArgs(role),
            commit: first.commit,
            ...(config.bootIso ? { bootIso: config.bootIso } : {}),
          },
          { parent: this },
        ),
      ]),
    );
    const isoOf = (role: "primary" | "backup"): pulumi.Output<string> => {
      const iso = isos.get(role);
      if (!iso) throw new Error(`no ISO of role ${role}`);
      return iso.path;
    };
    const accelerator = new Accelerator(
      "accelerator",
      { stateDir, accelerator: config.accelerator, bootIso: isoOf("primary") },
      { parent: this },
    );

    const poolPath = pulumi.interpolate`${stateDir}/pool`;
    const pool = new libvirt.Pool(
      "pool",
      { name: "edge-lab", type: "dir", target: { path: poolPath } },
      { parent: this, provider, deleteBeforeReplace: true },
    );
    const domains: EdgeDomain[] = [];
    for (const device of config.devices) {
      const before = domains[domains.length - 1];
      const identity = pulumi.unsecret(
        pulumi
          .all([published.repoUrl, core.passwordHash, core.authorizedKeys, registry.address])
          .apply((values) =>
            hashOf({ device, vip: network.vip, cidr: network.cidr, ref, values }).slice(0, 12),
          ),
      );
      domains.push(
        new EdgeDomain(
          device.name,
          {
            stateDir,
            provider,
            device,
            ...config.device,
            accelerator: accelerator.accelerator,
            pool,
            poolPath,
            libvirtUri: config.libvirtUri,
            bridge: bridge.bridge,
            network: bridge.network,
            iso: isoOf(device.role),
            identity,
            // Two installs at once take longer than one after the other where every guest is emulated.
            after: before ? [before.installed] : [],
          },
          { parent: this },
        ),
      );
    }
    const rollout = new OsRollout(
      "os",
      {
        stateDir,
        ref,
        version: config.targetVersion,
        commit: target.commit,
        devices: config.devices,
        ready: [...domains.map((d) => d.ready), prod.digest],
        appUrl: this.appUrl,
        vip: network.vip,
      },
      { parent: this },
    );

    this.contentUrl = depot.contentUrl;
    this.registry = registry.address;
    this.releases = pulumi.all(commits.map((c) => c.record));
    this.rollout = rollout.result;
    this.sshCommand = Object.fromEntries(
      config.devices.map((d) => [d.name, sshCommand(args.stateDir, "core", d.address)]),
    );
    this.corePassword = core.password;
    this.sshPrivateKey = core.privateKey;
    this.registerOutputs({
      contentUrl: this.contentUrl,
      registry: this.registry,
      releases: this.releases,
      rollout: this.rollout,
      corePassword: this.corePassword,
      sshPrivateKey: this.sshPrivateKey,
    });
  }
}

/** A component's inputs are shown in the state; secrets are not among them. */
function withoutSecrets(config: LabConfig): Record<string, unknown> {
  const { coreUser, subscription: _, ...rest } = config;
  return { ...rest, coreUser: { authorizedKeys: coreUser.authorizedKeys } };
}
