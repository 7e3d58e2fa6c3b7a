import * as pulumi from "@pulumi/pulumi";

import { canonicalJson, hashFiles, hashOf } from "../lib/contentHash";
import { hostScript, resultOf } from "../lib/hostScript";
import type { Release } from "../lib/releases";
import type { RecordedCommand } from "../lib/stackState";

/** A package of an image, as the package database of a commit lists it. */
export interface PackageVersion {
  readonly name: string;
  readonly version: string;
}

/** The result of a compose. */
export interface CommitRecord {
  readonly version: string;
  readonly commit: string;
  readonly parent: string | null;
  readonly ref: string;
  readonly packageCount: number;
  readonly added: PackageVersion[];
  readonly removed: PackageVersion[];
  readonly changed: { name: string; from: string; to: string }[];
  /** Size of the checked-out tree, bytes. */
  readonly sizeBytes: number;
}

/** Inputs of {@link ComposedCommit}. */
export interface ComposedCommitArgs {
  stateDir: pulumi.Input<string>;
  builder: "debian" | "osbuild";
  /** Ref of the image, e.g. `debian/trixie/x86_64/edge`. */
  ref: string;
  release: Release;
  /** The blueprint's text for this release. */
  blueprintText: string;
  /** The customizations in the form that the backend's `compose` takes (JSON). */
  customizations: object;
  /** Version of the accepted blueprint; orders the compose after the push. */
  blueprintVersion: pulumi.Input<string>;
  /** The previous release; its commit becomes the parent and its tree the base. */
  parent?: ComposedCommit;
  /** The content server; the osbuild backend fetches the parent from there. */
  contentUrl?: pulumi.Input<string>;
  /** This compose as recorded in the stack's state, for previews. */
  recorded?: RecordedCommand | undefined;
}

/**
 * One OSTree commit of the image, composed by the backend and exported to the content server's repository.
 * A hash of its inputs (blueprint, packages, image files, builder, parent) identifies it: the same inputs are never
 * composed twice, changed inputs always are.
 */
export class ComposedCommit extends pulumi.ComponentResource {
  /** Checksum of the commit, 64 hex digits. */
  public readonly commit: pulumi.Output<string>;
  public readonly record: pulumi.Output<CommitRecord>;
  /** SHA-256 of everything that determines the content. */
  public readonly inputHash: string;

  constructor(name: string, args: ComposedCommitArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:ComposedCommit", name, { builder: args.builder, release: args.release }, opts);
    const { release } = args;
    this.inputHash = hashOf({
      blueprint: args.blueprintText,
      customizations: args.customizations,
      ref: args.ref,
      parent: args.parent?.inputHash ?? null,
      files: hashFiles(process.cwd(), [`assets/builders/${args.builder}`, "assets/guest"]),
    });
    const contentUrl = (args.builder === "osbuild" ? args.contentUrl : undefined) ?? null;
    const known = pulumi.all([args.parent?.commit ?? null, contentUrl, args.blueprintVersion]);
    const request = known.apply(([parentCommit, url]) =>
      canonicalJson({
        version: release.version,
        ref: args.ref,
        parent: parentCommit === null ? null : { version: release.parentVersion, commit: parentCommit },
        blueprint: args.blueprintText,
        customizations: args.customizations,
        packages: release.packages,
        addPackages: release.addPackages,
        removePackages: release.removePackages,
        inputHash: this.inputHash,
        ...(url === null ? {} : { contentUrl: url }),
      }),
    );
    const script = hostScript(
      `${name}-compose`,
      {
        run: "./assets/host/commit.sh",
        env: { STATE_DIR: args.stateDir, BUILDER: args.builder, VERSION: release.version },
        stdin: request,
        sources: ["assets/host/commit.sh"],
        timeoutMinutes: 120,
      },
      { parent: this },
    );
    // The same inputs make the same release.
    const same = args.recorded?.stdin.includes(this.inputHash) === true;
    this.record = resultOf<CommitRecord>(script, "commit.sh", same ? args.recorded?.stdout : undefined);
    this.commit = this.record.apply((r) => r.commit);
    this.registerOutputs({ commit: this.commit, record: this.record });
  }
}
