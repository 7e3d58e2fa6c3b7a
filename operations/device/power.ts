import { x } from "tinyexec";

import { LabError } from "../../client/labError";
import { ownerElement, OWNER_NAMESPACE } from "../../lib/owner";
import { stateOwner } from "../../lib/stateOwner";
import { isVolatile } from "../../lib/volatileDisk";

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

export async function isOn(power: DevicePower): Promise<boolean> {
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

/** Switches a device on if it is off, and lets it go on if it is paused. Returns true if it was off. */
export async function switchOn(power: DevicePower): Promise<boolean> {
  await virsh(power, "autostart", power.device);
  if (!(await isOn(power))) {
    await virsh(power, "start", power.device);
    return true;
  }
  const paused = await virsh(power, "list", "--state-paused", "--name");
  if (paused.split("\n").includes(power.device)) await virsh(power, "resume", power.device);
  return false;
}

/** Memory in MiB and number of virtual CPUs that a device runs with. */
export interface Hardware {
  readonly memoryMiB: number;
  readonly vcpus: number;
}

/** What a device that is on runs with, which may be other than what its next start gives it; undefined if it is off. */
export async function runningHardware(power: DevicePower): Promise<Hardware | undefined> {
  if (!(await isOn(power))) return undefined;
  const xml = await virsh(power, "dumpxml", power.device);
  const kib = /^ {2}<memory unit='KiB'>(\d+)</m.exec(xml)?.[1];
  const vcpus = /^ {2}<vcpu[^>]*>(\d+)</m.exec(xml)?.[1];
  if (kib === undefined || vcpus === undefined)
    throw new Error(`no memory or vcpus in the XML of ${power.device}`);
  return { memoryMiB: Number(kib) / 1024, vcpus: Number(vcpus) };
}

/** Whether a device runs on the disk that a scenario gave it: one that was killed does not put the device back. */
export async function onVolatileDisk(power: DevicePower): Promise<boolean> {
  return (await isOn(power)) && isVolatile(await virsh(power, "dumpxml", power.device));
}

/** Ends a domain that is paused, as one is whose volatile disk has ended. Returns false if it is not paused. */
export async function endPaused(power: DevicePower): Promise<boolean> {
  const paused = await virsh(power, "list", "--state-paused", "--name");
  if (!paused.split("\n").includes(power.device)) return false;
  await virsh(power, "destroy", power.device);
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
