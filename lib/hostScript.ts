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
  /** True if `apply` gets its last answer in PULUMI_COMMAND_STDOUT, to restore from it what was lost; default false. */
  readonly remembers?: boolean;
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
      addPreviousOutputInEnv: args.remembers === true,
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
 * A value that is known in advance and valid once a resource exists: its users wait for the resource, and a preview
 * knows it even if the resource will be created or replaced. It depends on that resource alone: replacing one of the
 * resource's dependencies does not replace the users of this value.
 */
export function after<T>(resource: pulumi.CustomResource, value: T): pulumi.Output<T> {
  // A resource's URN is known in every preview; in an update it resolves when the resource exists.
  return resource.urn.apply<T>(() => value);
}

/**
 * The script's answer, its one JSON line; any other output is a defect, and the error names the script.
 * @param expected the answer that a preview assumes if the script will run again; without it the answer is unknown
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
      // What it said instead may be a secret: some scripts answer with one.
      throw new Error(`${name} answered with ${text.length} characters that are not one line of JSON`);
    }
  });
}
