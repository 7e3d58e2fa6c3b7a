import * as pulumi from "@pulumi/pulumi";

import { renderBlueprint, type Blueprint as BlueprintDocument } from "../lib/blueprint";
import { builderInput, debianCustomizations } from "../lib/builderInput";
import type { Release } from "../lib/releases";
import type { RecordedCommand } from "../lib/stackState";
import { Blueprint } from "./blueprint";
import { ComposedCommit, type CommitRecord } from "./composedCommit";

/** Inputs of {@link ReleaseChain}. */
export interface ReleaseChainArgs {
  stateDir: pulumi.Input<string>;
  builder: "debian" | "osbuild";
  /** Ref of the image. */
  ref: string;
  blueprint: BlueprintDocument;
  /** From oldest to newest; at least one. */
  releases: readonly Release[];
  /** The user that the kickstart creates. */
  kickstartUser: string;
  /** The content server, from which the osbuild backend fetches a release's parent. */
  contentUrl: pulumi.Input<string>;
  /** Earlier composes in the stack's state, by resource name; for previews. */
  recorded: ReadonlyMap<string, RecordedCommand>;
}

/** Every release of the image: a blueprint and a commit each, every commit composed on the previous one. */
export class ReleaseChain extends pulumi.ComponentResource {
  /** The result of each compose, in the order of the chain. */
  public readonly records: pulumi.Output<CommitRecord[]>;
  private readonly commits: ReadonlyMap<string, pulumi.Output<string>>;

  constructor(name: string, args: ReleaseChainArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:ReleaseChain", name, { builder: args.builder, ref: args.ref }, opts);
    const { stateDir, builder, ref } = args;
    const composed: ComposedCommit[] = [];
    for (const spec of args.releases) {
      const input = builderInput(builder, { blueprint: args.blueprint, release: spec }, args.kickstartUser);
      const { blueprint, release } = input;
      const text = renderBlueprint(blueprint, release);
      const parent = composed[composed.length - 1];
      const accepted = new Blueprint(
        `blueprint-${release.version}`,
        { stateDir, builder, version: release.version, text, ...(parent ? { after: parent.commit } : {}) },
        { parent: this },
      );
      composed.push(
        new ComposedCommit(
          `commit-${release.version}`,
          {
            stateDir,
            builder,
            ref,
            release,
            blueprintText: text,
            customizations: builder === "debian" ? debianCustomizations(blueprint) : blueprint.customizations,
            blueprintVersion: accepted.version,
            recorded: args.recorded.get(`commit-${release.version}-compose`),
            ...(parent ? { parent, contentUrl: args.contentUrl } : {}),
          },
          { parent: this },
        ),
      );
    }
    this.commits = new Map(
      args.releases.map((r, i) => [r.version, composed[i]?.commit ?? pulumi.output("")]),
    );
    this.records = pulumi.all(composed.map((c) => c.record));
    this.registerOutputs({ records: this.records });
  }

  /** Commit of a release. Throws if the chain has no such version. */
  public commitOf(version: string): pulumi.Output<string> {
    const commit = this.commits.get(version);
    if (!commit) throw new pulumi.ResourceError(`the chain has no release ${version}`, this);
    return commit;
  }
}
