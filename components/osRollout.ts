import * as pulumi from "@pulumi/pulumi";

import type { DeviceConfig } from "../lib/config";
import { canonicalJson } from "../lib/contentHash";
import { hostScript, resultOf } from "../lib/hostScript";

/** Inputs of {@link OsRollout}. */
export interface OsRolloutArgs {
  stateDir: pulumi.Input<string>;
  /** Ref that devices follow; the rollout moves it. */
  ref: string;
  /** Version and commit that every device must run. */
  version: string;
  commit: pulumi.Input<string>;
  devices: readonly DeviceConfig[];
  /** Each device's `ready`: a rollout begins with a healthy lab. */
  ready: pulumi.Input<string>[];
  /** URL of the app on the virtual IP. */
  appUrl: string;
}

/** Version and commit of every device after the rollout. */
export interface RolloutResult {
  readonly devices: { name: string; version: string; commit: string }[];
}

/**
 * Takes every device to one commit, one at a time and the owner of the virtual IP last: moves the ref, then waits.
 * A device on which the commit fails ends the rollout: the ref moves back, no other device tries, and the error has the evidence.
 */
export class OsRollout extends pulumi.ComponentResource {
  public readonly result: pulumi.Output<RolloutResult>;

  constructor(name: string, args: OsRolloutArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:OsRollout", name, { ref: args.ref, version: args.version }, opts);
    const script = hostScript(
      `${name}-rollout`,
      {
        run: "./assets/host/node.sh operations/rollout/main.ts",
        env: {
          STATE_DIR: args.stateDir,
          REF: args.ref,
          VERSION: args.version,
          COMMIT: args.commit,
          APP_URL: args.appUrl,
          READY: pulumi.all(args.ready).apply((all) => String(all.length)),
        },
        stdin: canonicalJson({ devices: args.devices }),
        sources: [],
        destroys: false,
        timeoutMinutes: 180,
      },
      { parent: this },
    );
    this.result = resultOf<RolloutResult>(script, "rollout");
    this.registerOutputs({ result: this.result });
  }
}
