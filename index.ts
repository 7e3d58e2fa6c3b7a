import * as pulumi from "@pulumi/pulumi";

import { EdgeLab } from "./components/edgeLab";
import { BlueprintError } from "./lib/blueprint";
import { ConfigError } from "./lib/configErrors";
import { checkStateOwner, readLabInputs, type LabInputs } from "./lib/labProgram";

function read(): LabInputs {
  try {
    const read = readLabInputs(process.cwd(), pulumi.getStack(), pulumi.runtime.allConfig());
    checkStateOwner(read);
    return read;
  } catch (e) {
    // A user's mistake: the message says it all, a stack trace would hide it.
    if (e instanceof ConfigError || e instanceof BlueprintError) throw new pulumi.RunError(e.message);
    throw e;
  }
}

const inputs = read();
const lab = new EdgeLab("edge-lab", inputs);

/** Address that the devices share. */
export const vip = inputs.config.network.vip;
/** The web app, on whichever device holds the VIP. */
export const appUrl = lab.appUrl;
/** The content server: repository under /repo, status page at /. */
export const contentUrl = lab.contentUrl;
/** `host:port` of the container registry. */
export const registry = lab.registry;
/** Where each device stands. */
export const devices = lab.rollout.apply((result) =>
  inputs.config.devices.map(({ name, role, address }) => {
    const at = result.devices.find((d) => d.name === name);
    return { name, role, address, version: at?.version, commit: at?.commit };
  }),
);
/** The release chain with what each compose made. */
export const releases = lab.releases.apply((records) =>
  records.map(({ version, commit, parent, ref, packageCount, added, removed, sizeBytes }) => {
    return { version, commit, parent, ref, packages: packageCount, added, removed, sizeBytes };
  }),
);
/** Device to the command line that opens a shell on it. */
export const sshCommand = lab.sshCommand;
/** The host's web console, with the image builder's page (builder `osbuild`). */
export const webConsole = lab.webConsole;
/** Password of user core (secret). */
export const corePassword = lab.corePassword;
/** The lab's ssh key (secret). */
export const sshPrivateKey = lab.sshPrivateKey;
