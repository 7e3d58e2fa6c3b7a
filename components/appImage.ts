import * as pulumi from "@pulumi/pulumi";

import { hostScript, resultOf } from "../lib/hostScript";
import { APP } from "../protocol/names";

/** Inputs of {@link AppImage}. */
export interface AppImageArgs {
  stateDir: pulumi.Input<string>;
  /** `host:port` of the registry to push to. */
  registry: pulumi.Input<string>;
  /** Tag of the image `httpd`: a built version, or `prod`, which names one of them. */
  tag: "v1" | "v2" | typeof APP.tag;
  /** The version that `prod` names. */
  source?: "v1" | "v2";
  /** Digests of images that must be pushed before this one: the layers below it, or what `prod` names. */
  after?: pulumi.Input<string>[];
}

/** One tag of the web app's image, built from Debian packages without any public registry and pushed. */
export class AppImage extends pulumi.ComponentResource {
  /** Manifest digest, `sha256:...`. */
  public readonly digest: pulumi.Output<string>;
  /** Full name, e.g. `192.168.76.1:5000/httpd:v1`. */
  public readonly image: pulumi.Output<string>;

  constructor(name: string, args: AppImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:AppImage", name, args, opts);
    const script = hostScript(
      `${name}-push`,
      {
        run: "./assets/host/app-image.sh",
        env: {
          STATE_DIR: args.stateDir,
          REGISTRY: args.registry,
          APP_TAG: args.tag,
          ...(args.source ? { APP_SOURCE: args.source } : {}),
          APP_AFTER: pulumi.all(args.after ?? []).apply((digests) => digests.join(" ")),
        },
        sources: ["assets/host/app-image.sh", "assets/host/lib", "assets/app"],
      },
      { parent: this },
    );
    const result = resultOf<{ digest: string; image: string }>(script, "app-image.sh");
    this.digest = result.apply((r) => r.digest);
    this.image = result.apply((r) => r.image);
    this.registerOutputs({ digest: this.digest, image: this.image });
  }
}
