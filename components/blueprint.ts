import * as pulumi from "@pulumi/pulumi";

import { canonicalJson } from "../lib/contentHash";
import { after, hostScript } from "../lib/hostScript";

/** Inputs of {@link Blueprint}. */
export interface BlueprintArgs {
  stateDir: pulumi.Input<string>;
  builder: "debian" | "osbuild";
  /** The release's version, as in the text. */
  version: string;
  /** The blueprint's TOML text, with one release's version and packages. */
  text: string;
  /** Commit of the previous release: the builder keeps one blueprint per name, so that compose must end first. */
  after?: pulumi.Input<string>;
}

/** A blueprint that the image builder has accepted. */
export class Blueprint extends pulumi.ComponentResource {
  public readonly version: pulumi.Output<string>;

  constructor(name: string, args: BlueprintArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:Blueprint", name, args, opts);
    const script = hostScript(
      `${name}-push`,
      {
        run: "./assets/host/blueprint.sh",
        env: { STATE_DIR: args.stateDir, BUILDER: args.builder, AFTER: args.after ?? "" },
        stdin: canonicalJson({ blueprint: args.text }),
        sources: ["assets/host/blueprint.sh", `assets/builders/${args.builder}/push-blueprint`],
        destroys: false,
      },
      { parent: this },
    );
    this.version = after(script, args.version);
    this.registerOutputs({ version: this.version });
  }
}
