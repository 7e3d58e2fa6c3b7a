import { x } from "tinyexec";

import { LabError } from "../../client/labError";

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

/** Switches a device on if it is off. Returns true where it was off. */
export async function switchOn(power: DevicePower): Promise<boolean> {
  const running = (await virsh(power, "list", "--name")).split("\n");
  if (running.includes(power.device)) return false;
  await virsh(power, "start", power.device);
  return true;
}

/** Records what the domain is now defined as: what it is later compared with. */
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
