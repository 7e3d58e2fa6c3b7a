import * as pulumi from "@pulumi/pulumi";

import type { DeviceConfig } from "../lib/config";
import { canonicalJson } from "../lib/contentHash";
import { after, hostScript, resultOf } from "../lib/hostScript";
import type { UpgradeGate } from "../protocol/fields";
import type { Lab } from "../protocol/lab";
import { contentUrl } from "../protocol/ports";

/** Inputs of {@link Depot}. */
export interface DepotArgs {
  stateDir: pulumi.Input<string>;
  /** Address to listen on: the host's on the lab's bridge. */
  gateway: pulumi.Input<string>;
  /** The same address, if it is known in advance. */
  host?: string | undefined;
  /** TCP port, see protocol/ports.ts. */
  port: number;
  /** Ref that devices follow. */
  ref: string;
  upgradeGate: UpgradeGate;
  devices: readonly DeviceConfig[];
}

/** The content server: OSTree content with running counts, device reports, reboot locks and the status page. */
export class Depot extends pulumi.ComponentResource {
  /** `http://host:port`, once it answers. */
  public readonly contentUrl: pulumi.Output<string>;

  constructor(name: string, args: DepotArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:Depot", name, args, opts);
    const script = hostScript(
      `${name}-service`,
      {
        run: "./assets/host/depot.sh",
        env: { STATE_DIR: args.stateDir, GATEWAY: args.gateway, DEPOT_PORT: String(args.port) },
        stdin: canonicalJson({
          ref: args.ref,
          upgradeGate: args.upgradeGate,
          devices: args.devices.map(({ name: device, role, address }) => ({ name: device, role, address })),
        } satisfies Lab),
        sources: ["assets/host/depot.sh", "assets/host/lib", "depot", "protocol"],
      },
      { parent: this },
    );
    this.contentUrl =
      args.host === undefined
        ? resultOf<{ contentUrl: string }>(script, "depot.sh").apply((r) => r.contentUrl)
        : after(script, contentUrl(args.host, args.port));
    this.registerOutputs({ contentUrl: this.contentUrl });
  }
}

/** Inputs of {@link PublishedRef}. */
export interface PublishedRefArgs {
  stateDir: pulumi.Input<string>;
  ref: string;
  /** Commit to publish if the ref does not exist yet. */
  commit: pulumi.Input<string>;
  /** Commits that must be in the repository before: a lost ref names the last one that was published again. */
  after: pulumi.Input<string>[];
  /** The depot's URL; the published ref is served below it. */
  contentUrl: pulumi.Input<string>;
}

/** The ref that devices install from; created at the first release, later moved only by a rollout. */
export class PublishedRef extends pulumi.ComponentResource {
  /** URL of the repository, once it holds the ref. */
  public readonly repoUrl: pulumi.Output<string>;

  constructor(name: string, args: PublishedRefArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:PublishedRef", name, { ref: args.ref }, opts);
    const commit = pulumi.all([args.commit, ...args.after]).apply(([first = ""]) => first);
    const script = hostScript(
      `${name}-publish`,
      {
        run: "./assets/host/publish.sh",
        env: { STATE_DIR: args.stateDir, REF: args.ref, COMMIT: commit },
        sources: ["assets/host/publish.sh"],
      },
      { parent: this },
    );
    this.repoUrl = pulumi.all([script.urn, args.contentUrl]).apply(([, url]) => `${url}/repo`);
    this.registerOutputs({ repoUrl: this.repoUrl });
  }
}
