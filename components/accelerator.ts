import * as pulumi from "@pulumi/pulumi";

import { expectedCores, type AcceleratorAnswer } from "../lib/accelerator";
import { after, hostScript, resultOf } from "../lib/hostScript";

/** Inputs of {@link Accelerator}. */
export interface AcceleratorArgs {
  stateDir: pulumi.Input<string>;
  /** `auto` trusts KVM only after the guest's own kernel has booted in it. */
  accelerator: "auto" | "kvm" | "tcg";
  /** A boot ISO with the guest's kernel. */
  bootIso: pulumi.Input<string>;
  /** The probe's previous answer, for previews. */
  recorded?: string | undefined;
  /** How the host differs from that answer. */
  drift?: readonly string[] | undefined;
}

/** How guests run on this host: hardware virtualisation or software emulation, and on how many cores. */
export class Accelerator extends pulumi.ComponentResource {
  public readonly accelerator: pulumi.Output<"kvm" | "tcg">;
  /** Processors of the host. */
  public readonly cores: pulumi.Output<number>;

  constructor(name: string, args: AcceleratorArgs, opts?: pulumi.ComponentResourceOptions) {
    const { recorded, drift = [], ...shown } = args;
    super("edge-lab:index:Accelerator", name, shown, opts);
    const script = hostScript(
      `${name}-probe`,
      {
        run: "./assets/host/accelerator.sh",
        env: { STATE_DIR: args.stateDir, ACCELERATOR: args.accelerator, BOOT_ISO: args.bootIso },
        sources: ["assets/host/accelerator.sh"],
      },
      { parent: this },
    );
    const probed = (): pulumi.Output<"kvm" | "tcg"> =>
      resultOf<AcceleratorAnswer>(script, "accelerator.sh", recorded).apply((r) => r.accelerator);
    this.accelerator = args.accelerator === "auto" ? probed() : after(script, args.accelerator);
    const counted = expectedCores(recorded, drift);
    this.cores = resultOf<AcceleratorAnswer>(script, "accelerator.sh", counted).apply((r) => r.cores ?? 1);
    this.registerOutputs({ accelerator: this.accelerator, cores: this.cores });
  }
}
