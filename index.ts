import * as pulumi from "@pulumi/pulumi";

import { askDrift, readStackState } from "./client/drift/ask";
import { BlueprintError } from "./lib/blueprint";
import { ConfigError } from "./lib/configErrors";
import { fixedKeyProblems } from "./lib/fixedKeys";
import { checkStateOwner, readLabInputs, type LabInputs } from "./lib/labProgram";
import type { StackState } from "./lib/stackState";

/**
 * A user's mistake: a stack trace would only hide the message. Pulumi does not print the trace of such an error, but
 * formats it all the same, with colours and source maps, for half a minute.
 */
function withoutStack(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}

/**
 * Pulumi takes a stack trace for each promise, to find promises that leak, and formats all of them with source maps: a
 * tenth of the time of an `up` without changes. Only PULUMI_DEBUG_PROMISE_LEAKS prints them.
 */
function skipPromiseTraces(): void {
  const { prepareStackTrace: format } = Error as Partial<ErrorConstructor>;
  if (!format || process.env["PULUMI_DEBUG_PROMISE_LEAKS"]) return;
  Error.prepareStackTrace = (error, frames): unknown =>
    frames[0]?.getFunctionName() === "debuggablePromise" ? "" : format(error, frames);
}

/** Pulumi's own look at PULUMI_CONFIG_SECRET_KEYS; it is exported, but its types leave it out. */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };

function read(): LabInputs & { readonly recorded: StackState } {
  try {
    const read = readLabInputs(process.cwd(), pulumi.getStack(), pulumi.runtime.allConfig(), isConfigSecret);
    checkStateOwner(read);
    const recorded = readStackState(read.stateDir, pulumi.getProject(), read.stack);
    const problems = fixedKeyProblems(read.config, recorded);
    if (problems.length > 0) throw new ConfigError(`Pulumi.${read.stack}.yaml`, problems);
    return { ...read, recorded };
  } catch (e) {
    if (e instanceof ConfigError || e instanceof BlueprintError) throw withoutStack(e.message);
    throw e;
  }
}

/** Looks for drift, creates the lab's resources, and resolves to the stack's outputs. */
async function main(): Promise<Record<string, unknown>> {
  skipPromiseTraces();
  const inputs = read();
  // The packages of Pulumi's providers take seconds to load; meanwhile the lab answers.
  const [drift, { EdgeLab }] = await Promise.all([
    askDrift(inputs, inputs.recorded, process.cwd()),
    import("./components/edgeLab.js"),
  ]);
  const lab = new EdgeLab("edge-lab", { ...inputs, drift });
  return {
    /** Address that the devices share. */
    vip: inputs.config.network.vip,
    /** The web app, on whichever device holds the VIP. */
    appUrl: lab.appUrl,
    /** The content server: repository under /repo, status page at /. */
    contentUrl: lab.contentUrl,
    /** `host:port` of the container registry. */
    registry: lab.registry,
    /** Where each device stands. */
    devices: lab.rollout.apply((result) =>
      inputs.config.devices.map(({ name, role, address }) => {
        const at = result.devices.find((d) => d.name === name);
        return { name, role, address, version: at?.version, commit: at?.commit };
      }),
    ),
    /** The release chain with what each compose made. */
    releases: lab.releases.apply((records) =>
      records.map(({ version, commit, parent, ref, packageCount, added, removed, sizeBytes }) => {
        return { version, commit, parent, ref, packages: packageCount, added, removed, sizeBytes };
      }),
    ),
    /** Device to the command line that opens a shell on it. */
    sshCommand: lab.sshCommand,
    /** The host's web console, with the image builder's page. */
    ...(lab.webConsole && { webConsole: lab.webConsole }),
    /** Password of user core (secret). */
    corePassword: lab.corePassword,
    /** The lab's ssh key (secret). */
    sshPrivateKey: lab.sshPrivateKey,
  };
}

export = main;
