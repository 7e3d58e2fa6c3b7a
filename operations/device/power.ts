import { x } from "tinyexec";

import { LabError } from "../../client/labError";
import { ownerElement, OWNER_NAMESPACE } from "../../lib/owner";
import { stateOwner } from "../../lib/stateOwner";

/** A device's domain in libvirt. */
export interface DevicePower {
  readonly stateDir: string;
  readonly libvirtUri: string;
  readonly device: string;
}

async function virsh({ libvirtUri }: DevicePower, ...args: string[]): Promise<string> {
  const result = await x("virsh", ["-q", "-c", libvirtUri, ...args], { throwOnError: false });
  if (result.exitCode !== 0) throw new LabError(`virsh ${args.join(" ")}: ${result.stderr.trim()}`);
  return result.stdout;
}

async function isOn(power: DevicePower): Promise<boolean> {
  return (await virsh(power, "list", "--name")).split("\n").includes(power.device);
}

/** The provider has no argument for a domain's metadata, and a change of its XSLT would reinstall the device. */
export async function nameOwner(power: DevicePower): Promise<void> {
  const { stateDir, device } = power;
  const stack = stateOwner(stateDir, "");
  if (stack === undefined) return;
  const element = ownerElement({ stack, stateDir }).replace(
    /^<edge-lab:owner xmlns:edge-lab="[^"]*"/,
    "<owner",
  );
  const where = (await isOn(power)) ? ["--live", "--config"] : ["--config"];
  await virsh(
    power,
    "metadata",
    device,
    "--uri",
    OWNER_NAMESPACE,
    "--key",
    "edge-lab",
    "--set",
    element,
    ...where,
  );
}

/** Switches a device on if it is off. Returns true if it was off. */
export async function switchOn(power: DevicePower): Promise<boolean> {
  if (await isOn(power)) return false;
  await virsh(power, "start", power.device);
  return true;
}

/** Records the domain's current definition, for later comparison. */
export async function recordDefinition({ stateDir, libvirtUri, device }: DevicePower): Promise<void> {
  const result = await x("./assets/host/libvirt-status.sh", ["record"], {
    throwOnError: false,
    nodeOptions: {
      env: {
        ...process.env,
        EDGE_STATE_DIR: stateDir,
        EDGE_LIBVIRT_URI: libvirtUri,
        EDGE_DOMAINS: device,
      },
    },
  });
  if (result.exitCode !== 0) throw new LabError(`libvirt-status.sh record: ${result.stderr.trim()}`);
}
