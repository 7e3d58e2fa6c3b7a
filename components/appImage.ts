import * as pulumi from "@pulumi/pulumi";

import { hostScript, resultOf } from "../lib/hostScript";
import type { StackState } from "../lib/stackState";
import { APP } from "../protocol/names";

/** Inputs of {@link AppImage}. */
export interface AppImageArgs {
  stateDir: pulumi.Input<string>;
  /** `host:port` of the registry to push to. */
  registry: pulumi.Input<string>;
  /** Tag of the image `httpd`: a built version, or `prod`, which names one of them. */
  tag: "v1" | "v2" | typeof APP.tag;
  /** The version that `prod` names, and its digest. */
  source?: { readonly tag: "v1" | "v2"; readonly digest: pulumi.Input<string> };
  /** Digests of images that must be pushed before this one: the layers below it, or what `prod` names. */
  after?: pulumi.Input<string>[];
  /** The previous answer of the push, for previews. */
  recorded?: string | undefined;
}

/** One tag of the web app's image, built from Debian packages without any public registry and pushed. */
export class AppImage extends pulumi.ComponentResource {
  /** Manifest digest, `sha256:...`. */
  public readonly digest: pulumi.Output<string>;
  /** Full name, e.g. `192.168.76.1:5000/httpd:v1`. */
  public readonly image: pulumi.Output<string>;

  constructor(name: string, args: AppImageArgs, opts?: pulumi.ComponentResourceOptions) {
    const { recorded, ...shown } = args;
    super("edge-lab:index:AppImage", name, shown, opts);
    const script = hostScript(
      `${name}-push`,
      {
        run: "./assets/host/app-image.sh",
        env: {
          STATE_DIR: args.stateDir,
          REGISTRY: args.registry,
          APP_TAG: args.tag,
          ...(args.source ? { APP_SOURCE: args.source.tag } : {}),
          APP_AFTER: pulumi.all(args.after ?? []).apply((digests) => digests.join(" ")),
        },
        sources: ["assets/host/app-image.sh", "assets/host/lib", "assets/app"],
      },
      { parent: this },
    );
    const result = resultOf<{ digest: string; image: string }>(script, "app-image.sh", recorded);
    // A second tag of an existing image has that image's digest.
    this.digest = args.source
      ? pulumi.all([script.urn, args.source.digest]).apply(([, digest]) => digest)
      : result.apply((r) => r.digest);
    this.image = result.apply((r) => r.image);
    this.registerOutputs({ digest: this.digest, image: this.image });
  }
}

/** Inputs of {@link appImages}. */
export interface AppImagesArgs {
  stateDir: pulumi.Input<string>;
  registry: pulumi.Input<string>;
  /** Release of the app that `prod` names. */
  release: "v1" | "v2";
  recorded: StackState;
  parent: pulumi.Resource;
}

/** Both releases of the app, and `prod`, which names one of them and is returned. */
export function appImages({ release, recorded, parent, ...rest }: AppImagesArgs): AppImage {
  const make = (tag: AppImageArgs["tag"], after: AppImage[], source?: AppImageArgs["source"]): AppImage =>
    new AppImage(
      `app-${tag}`,
      {
        ...rest,
        tag,
        after: after.map((a) => a.digest),
        recorded: recorded.commands.get(`app-${tag}-push`)?.stdout,
        ...(source ? { source } : {}),
      },
      { parent },
    );
  const v1 = make("v1", []);
  const v2 = make("v2", [v1]);
  return make(APP.tag, [v1, v2], { tag: release, digest: (release === "v1" ? v1 : v2).digest });
}
