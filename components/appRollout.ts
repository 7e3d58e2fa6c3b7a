import * as pulumi from "@pulumi/pulumi";

import type { DeviceConfig } from "../lib/config";
import { canonicalJson } from "../lib/contentHash";
import { hostScript } from "../lib/hostScript";

/** Inputs of {@link AppRollout}. */
export interface AppRolloutArgs {
  stateDir: pulumi.Input<string>;
  /** Release of the app that `prod` names, for messages. */
  release: string;
  /** Digest that `prod` names. */
  digest: pulumi.Input<string>;
  devices: readonly DeviceConfig[];
  /** Each device's `ready`. */
  ready: pulumi.Input<string>[];
  /** URL of the app on the virtual IP. */
  appUrl: string;
}

/**
 * Waits until every device has the image that `prod` names and the virtual IP serves it. The devices fetch it by
 * themselves; if one rejects it, the wait fails with that device's message.
 */
export class AppRollout extends pulumi.ComponentResource {
  /** Digest of the served image. */
  public readonly digest: pulumi.Output<string>;

  constructor(name: string, args: AppRolloutArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:AppRollout", name, { release: args.release }, opts);
    const script = hostScript(
      `${name}-served`,
      {
        run: "./assets/host/node.sh operations/app/main.ts",
        env: {
          STATE_DIR: args.stateDir,
          RELEASE: args.release,
          DIGEST: args.digest,
          APP_URL: args.appUrl,
          READY: pulumi.all(args.ready).apply((all) => String(all.length)),
        },
        stdin: canonicalJson({ devices: args.devices }),
        sources: [],
        destroys: false,
        timeoutMinutes: 30,
      },
      { parent: this },
    );
    this.digest = pulumi.all([script.urn, args.digest]).apply(([, digest]) => digest);
    this.registerOutputs({ digest: this.digest });
  }
}
