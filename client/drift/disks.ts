import type { RecordedObject, StackState } from "../../lib/stackState";
import type { Finding } from "./consequences";
import type { LibvirtStatus } from "./libvirt";

/** An installed system takes hundreds of megabytes, an empty QCOW2 file 200 kB. */
const EMPTY_BYTES = 16 * 2 ** 20;

function fileDrift(
  { libvirtName, bytes = 0 }: RecordedObject,
  installed: boolean,
  status: LibvirtStatus,
): string[] {
  const file = status.volumes[libvirtName];
  if (!file) return [`its disk ${libvirtName} is gone`];
  if (file.bytes < bytes) return [`its disk ${libvirtName} has ${file.bytes} bytes instead of ${bytes}`];
  if (installed && file.allocatedBytes < EMPTY_BYTES) return [`its disk ${libvirtName} is empty`];
  return [];
}

/**
 * By the name of the disk's resource: disks without the system that was installed on them. One that a refresh has
 * dropped from the state is missed too: a new one in its place would be empty.
 */
export function diskDrift(state: StackState, status: LibvirtStatus): Finding[] {
  const installed = (name: string): boolean => state.commands.has(name.replace(/-disk$/, "-installed"));
  const disks = state.objects.filter(({ kind }) => kind === "volume");
  const found = disks.map((disk): Finding => [disk.name, fileDrift(disk, installed(disk.name), status)]);
  const dropped = [...state.commands.keys()].flatMap((name): Finding[] => {
    const disk = name.replace(/-installed$/, "-disk");
    if (disk === name || disks.some((d) => d.name === disk)) return [];
    return [[disk, ["its disk is gone, also from the stack's state"]]];
  });
  return [...found, ...dropped];
}
