import * as pulumi from "@pulumi/pulumi";

import { backendOf, DEFAULT_DISTRIBUTION } from "../lib/backends";
import { blueprintPackages, type Blueprint } from "../lib/blueprint";
import { operatorAccount, operatorKeys, systemOf } from "../lib/blueprintUsers";
import type { LabConfig } from "../lib/config";
import { sshCommand } from "../lib/coreUser";
import { driftMarks, markDrift, type Findings } from "../lib/drift";
import { resolveChain, type Release } from "../lib/releases";
import { runOnRemote } from "../lib/remoteTransformation";
import type { LabHost } from "../lib/labHost";
import type { StackState } from "../lib/stackState";
import { LONGEST_ADVERT_SECONDS } from "../lib/vrrp";
import { OPERATOR, OSTREE } from "../protocol/names";
import { appUrl, PORTS } from "../protocol/ports";
import { appImages } from "./appImage";
import { AppRollout } from "./appRollout";
import type { CommitRecord } from "./composedCommit";
import { CoreUser } from "./coreUser";
import { Depot, PublishedRef } from "./depot";
import { EdgeFleet } from "./edgeFleet";
import { EdgeHost } from "./edgeHost";
import { HostBridge } from "./hostBridge";
import { OsRollout, type RolloutResult } from "./osRollout";
import { Registry } from "./registry";
import { ReleaseChain } from "./releaseChain";

/** Memory for composing an image while the devices run, MiB. */
const BUILD_MEMORY_MIB = 1024;
/** What an installed device uses of its thin disk, and the state without the disks, GiB. */
const DEVICE_DISK_GIB = 2;
const STATE_DISK_GIB = 4;

/** Inputs of {@link EdgeLab}. */
export interface EdgeLabArgs {
  /** Stack of the lab; with the state directory, the owner of everything that the lab makes. */
  stack: string;
  config: LabConfig;
  /** The host that the lab runs on: this one, or another. */
  host: LabHost;
  blueprint: Blueprint;
  /** What the stack's state has from earlier runs. */
  recorded: StackState;
  /** What in the lab is not as declared, by resource name. */
  drift: Findings;
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
  /** The host's web console; undefined if the backend has none. */
  public readonly webConsole: pulumi.Output<string> | undefined;

  constructor(name: string, args: EdgeLabArgs, opts: pulumi.ComponentResourceOptions = {}) {
    const { remote } = args.host;
    const transformations = [
      ...(opts.transformations ?? []),
      markDrift(driftMarks(args.recorded, args.drift)),
      ...(remote ? [runOnRemote(remote)] : []),
    ];
    super(
      "edge-lab:index:EdgeLab",
      name,
      { config: withoutSecrets(args.config) },
      { ...opts, transformations },
    );
    const { config, blueprint } = args;
    const { network, builder, devices, upgradeGate, ports } = config;
    const { ref, adminGroup, installer } = backendOf(builder, config.distribution);
    const releases = resolveChain(blueprintPackages(blueprint), config.releases);
    const own = { parent: this };
    this.appUrl = appUrl(network.vip);

    const host = this.makeHost(args, releases);
    const { stateDir, provider } = host;
    const { cidr, gateway, uplink, bridge: bridgeName } = network;
    const bridge = new HostBridge(
      "bridge",
      uplink === undefined
        ? {
            mode: "nat",
            provider,
            cidr,
            gateway,
            bridge: bridgeName,
            network: network.name,
            owner: { stack: args.stack, stateDir: args.host.stateDir },
          }
        : { mode: "lan", stateDir, uplink, cidr, bridge: bridgeName },
      own,
    );

    const registry = new Registry(
      "registry",
      { stateDir, gateway: bridge.gateway, host: bridge.knownGateway, port: ports.registry },
      own,
    );
    const prod = appImages({
      stateDir,
      registry: registry.address,
      release: config.app.release,
      recorded: args.recorded,
      parent: this,
    });

    const depot = new Depot(
      "depot",
      {
        stateDir,
        gateway: bridge.gateway,
        host: bridge.knownGateway,
        port: ports.content,
        ref,
        upgradeGate,
        devices,
      },
      own,
    );
    const chain = new ReleaseChain(
      "releases",
      {
        stateDir,
        builder,
        ref,
        blueprint,
        releases,
        kickstartUser: OPERATOR.name,
        contentUrl: depot.contentUrl,
        recorded: args.recorded.commands,
      },
      own,
    );
    const first = chain.commitOf(releases[0]?.version ?? "");
    const target = chain.commitOf(config.targetVersion);
    const published = new PublishedRef(
      "published",
      {
        stateDir,
        ref,
        commit: first,
        after: args.drift.has("published-publish") ? [target] : [],
        contentUrl: depot.contentUrl,
      },
      own,
    );

    const { authorizedKeys, password } = config.coreUser;
    const core = new CoreUser(
      OPERATOR.name,
      {
        stateDir,
        authorizedKeys,
        recordedKey: args.recorded.publicKey,
        ...(password ? { password: pulumi.secret(password) } : {}),
      },
      own,
    );
    const fleet = new EdgeFleet(
      "fleet",
      {
        stateDir,
        provider,
        libvirtUri: args.host.libvirtUri,
        config,
        recorded: args.recorded,
        drift: args.drift,
        plugged: bridge.made,
        bridge: bridge.bridge,
        network: bridge.network,
        router: bridge.router,
        nameservers: bridge.nameservers,
        repoUrl: published.repoUrl,
        depotUrl: depot.contentUrl,
        registry: registry.address,
        commit: first,
        appUrl: this.appUrl,
        user: {
          name: OPERATOR.name,
          ...operatorAccount(blueprint, builder, adminGroup),
          passwordHash: core.passwordHash,
          authorizedKeys: core.authorizedKeys.apply((keys) => [...keys, ...operatorKeys(blueprint, keys)]),
        },
        kickstart: {
          ref,
          osName: OSTREE.osName,
          remote: OSTREE.remote,
          prefix: network.prefix,
          vip: network.vip,
          // The host is not known yet; the settings of the running device are right.
          advertSeconds: network.advertSeconds === "auto" ? LONGEST_ADVERT_SECONDS : network.advertSeconds,
          idleSeconds: config.app.idleSeconds,
          upgradeGate,
          appPort: PORTS.app,
          installer,
          system: systemOf(blueprint),
        },
      },
      own,
    );
    const app = new AppRollout(
      "app",
      {
        stateDir,
        release: config.app.release,
        digest: prod.digest,
        devices,
        ready: fleet.ready,
        appUrl: this.appUrl,
      },
      own,
    );
    const rollout = new OsRollout(
      "os",
      {
        stateDir,
        ref,
        version: config.targetVersion,
        commit: target,
        devices,
        ready: [...fleet.ready, app.digest],
        appUrl: this.appUrl,
      },
      own,
    );

    this.contentUrl = depot.contentUrl;
    this.registry = registry.address;
    this.releases = chain.records;
    this.rollout = rollout.result;
    this.sshCommand = Object.fromEntries(
      devices.map((d) => [d.name, sshCommand(args.host, OPERATOR.name, d.address)]),
    );
    this.corePassword = core.password;
    this.sshPrivateKey = core.privateKey;
    this.webConsole = host.webConsole;
    this.registerOutputs({
      contentUrl: this.contentUrl,
      registry: this.registry,
      releases: this.releases,
      rollout: this.rollout,
      corePassword: this.corePassword,
      sshPrivateKey: this.sshPrivateKey,
    });
  }

  private makeHost(args: EdgeLabArgs, releases: readonly Release[]): EdgeHost {
    const { devices, device, network, ports, builder, distribution, subscription, bootIso } = args.config;
    const { stateDir, libvirtUri, providerUri } = args.host;
    return new EdgeHost(
      "host",
      {
        stateDir,
        builder,
        libvirtUri,
        providerUri,
        cidr: network.cidr,
        gateway: network.gateway,
        bridge: network.bridge,
        network: network.name,
        stack: args.stack,
        ...(network.uplink === undefined
          ? {}
          : {
              lan: {
                uplink: network.uplink,
                addresses: [network.vip, ...devices.map((d) => d.address)],
                macs: devices.map((d) => d.mac),
              },
            }),
        ports: [ports.content, ports.registry],
        memoryMiB: devices.length * device.memoryMiB + BUILD_MEMORY_MIB,
        diskGiB: devices.length * DEVICE_DISK_GIB + STATE_DISK_GIB,
        domains: devices.map((d) => d.name),
        packages: [...new Map(releases.flatMap((r) => r.packages).map((p) => [p.name, p])).values()],
        ...(builder === "osbuild"
          ? { osbuild: { distribution: distribution ?? DEFAULT_DISTRIBUTION, subscription, bootIso } }
          : {}),
      },
      { parent: this },
    );
  }
}

/** Removes the secrets: a component's inputs are readable in the state. */
function withoutSecrets(config: LabConfig): Record<string, unknown> {
  const { coreUser, subscription: _, ...rest } = config;
  const { password: _password, ...open } = coreUser;
  return { ...rest, coreUser: open };
}
