import * as pulumi from "@pulumi/pulumi";

import { after, hostScript, resultOf } from "../lib/hostScript";

/** Inputs of {@link Registry}. */
export interface RegistryArgs {
  stateDir: pulumi.Input<string>;
  /** Address to listen on: only the host's on the lab's bridge. */
  gateway: pulumi.Input<string>;
  /** The same address, if it is known in advance. */
  host?: string | undefined;
  /** TCP port, see protocol/ports.ts. */
  port: number;
}

/** The container registry (distribution) that devices pull the app from. */
export class Registry extends pulumi.ComponentResource {
  /** `host:port`; resolved when the registry answers. */
  public readonly address: pulumi.Output<string>;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:Registry", name, args, opts);
    const script = hostScript(
      `${name}-service`,
      {
        run: "./assets/host/registry.sh",
        env: { STATE_DIR: args.stateDir, GATEWAY: args.gateway, REGISTRY_PORT: String(args.port) },
        sources: ["assets/host/registry.sh", "assets/host/lib"],
      },
      { parent: this },
    );
    this.address =
      args.host === undefined
        ? resultOf<{ address: string }>(script, "registry.sh").apply((r) => r.address)
        : after(script, `${args.host}:${args.port}`);
    this.registerOutputs({ address: this.address });
  }
}
