import * as pulumi from "@pulumi/pulumi";

import { hostScript } from "../lib/hostScript";
import { isoPath } from "../protocol/paths";

/** Inputs of {@link CustomIso}. */
export interface CustomIsoArgs {
  stateDir: pulumi.Input<string>;
  builder: "debian" | "osbuild";
  role: "primary" | "backup";
  /** The role's kickstart; secret, because it contains a password hash. */
  kickstart: pulumi.Input<string>;
  /** Added to the installer's kernel command line, e.g. `vip_state=MASTER`. */
  kernelArgs: readonly string[];
  /** Commit whose kernel the debian installer boots; orders the ISO after its compose. */
  commit: pulumi.Input<string>;
  /** The distribution's boot ISO (builder `osbuild`). */
  bootIso?: string;
}

/** The unattended boot ISO of a role: kickstart embedded, VRRP arguments on the kernel command line. */
export class CustomIso extends pulumi.ComponentResource {
  /** Path of the ISO on the host. */
  public readonly path: pulumi.Output<string>;

  constructor(name: string, args: CustomIsoArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:CustomIso", name, { builder: args.builder, role: args.role }, opts);
    const script = hostScript(
      `${name}-make`,
      {
        run: "./assets/host/iso.sh",
        env: { STATE_DIR: args.stateDir, BUILDER: args.builder, ROLE: args.role },
        stdin: pulumi.jsonStringify({
          role: args.role,
          kickstart: args.kickstart,
          kernelArgs: args.kernelArgs,
          commit: args.commit,
          ...(args.bootIso ? { bootIso: args.bootIso } : {}),
        }),
        sources: ["assets/host/iso.sh", `assets/builders/${args.builder}`],
        secret: true,
      },
      { parent: this },
    );
    this.path = pulumi.all([script.urn, args.stateDir]).apply(([, dir]) => isoPath(dir, args.role));
    this.registerOutputs({ path: this.path });
  }
}
