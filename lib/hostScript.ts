import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import { hashFiles } from "./contentHash";

/** Inputs of a host script. */
export interface HostScriptArgs {
  /** Program with its fixed arguments, relative to the project, e.g. `./assets/host/registry.sh`. */
  readonly run: string;
  /** Environment of the script; names in upper case, without the prefix `EDGE_`. */
  readonly env: Record<string, pulumi.Input<string>>;
  /** JSON for the script's standard input, for long or secret values. */
  readonly stdin?: pulumi.Input<string>;
  /** Files and folders, relative to the project; the script runs again when they change. */
  readonly sources: readonly string[];
  /** True if the script's input or output contains a secret: nothing is then logged or stored in plain text. */
  readonly secret?: boolean;
  /** False if there is nothing to remove; default true. */
  readonly destroys?: boolean;
  /** Values that identify the object: when they change, destroy runs, then apply. */
  readonly identity?: pulumi.Input<string>[];
  /** Time limit of apply, in minutes; default 15. */
  readonly timeoutMinutes?: number;
}

/**
 * Creates the Command for one host object; nothing else in the program creates Commands.
 *
 * `apply` runs at creation and again, in place, when an input changes; `destroy` runs at deletion with the environment
 * stored in the state. The command text is constant; values travel in the environment or on stdin.
 */
export function hostScript(
  name: string,
  args: HostScriptArgs,
  opts: pulumi.CustomResourceOptions,
): command.local.Command {
  const minutes = args.timeoutMinutes ?? 15;
  const environment: Record<string, pulumi.Input<string>> = {
    EDGE_SOURCES: hashFiles(process.cwd(), args.sources).slice(0, 16),
  };
  for (const [key, value] of Object.entries(args.env)) environment[`EDGE_${key}`] = value;
  return new command.local.Command(
    name,
    {
      create: `exec ${args.run} apply`,
      ...(args.destroys === false ? {} : { delete: `exec ${args.run} destroy` }),
      environment,
      // Without its own stdin a child would read the engine's.
      stdin: args.stdin ?? "",
      ...(args.identity ? { triggers: args.identity } : {}),
      addPreviousOutputInEnv: false,
      logging: args.secret ? command.local.Logging.None : command.local.Logging.Stderr,
    },
    {
      ...opts,
      deleteBeforeReplace: true,
      customTimeouts: { create: `${minutes}m`, update: `${minutes}m`, delete: "5m" },
      ...(args.secret ? { additionalSecretOutputs: ["stdout", "stderr"] } : {}),
    },
  );
}

/**
 * A value that is known beforehand and that holds once a resource is there: whoever uses it waits for the resource, and
 * a preview knows it although the resource is to be made, or made anew. It depends on that resource alone: what the
 * resource itself depends on may be replaced without a replacement of whatever has this value.
 */
export function after<T>(resource: pulumi.CustomResource, value: T): pulumi.Output<T> {
  // A resource's name is known in every preview and resolves, in an update, when the resource is there.
  return resource.urn.apply<T>(() => value);
}

/**
 * The script's answer, its one JSON line; a script that answered otherwise is a defect and named.
 * @param expected the answer that a preview takes where the script is to run again; without it a preview does not know
 */
export function resultOf<T>(
  script: command.local.Command,
  name: string,
  expected?: string,
): pulumi.Output<T> {
  const answer =
    expected !== undefined && pulumi.runtime.isDryRun() ? after(script, expected) : script.stdout;
  return answer.apply((text) => {
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new Error(`${name} answered with something that is not one line of JSON: ${text.slice(0, 200)}`);
    }
  });
}
