import type { RecordedObject, StackState } from "../../lib/stackState";
import type { Finding } from "./consequences";
import type { LibvirtStatus } from "./libvirt";

/** An installed system takes hundreds of megabytes, an empty QCOW2 file 200 kB. */
const EMPTY_BYTES = 16 * 2 ** 20;

function fileDrift({ libvirtName }: RecordedObject, installed: boolean, status: LibvirtStatus): string[] {
  const file = status.volumes[libvirtName];
  if (!file) return [`its disk ${libvirtName} is gone`];
  // Both: some file systems count no blocks, and a sparse file may be long. A disk that has anything on it is kept.
  const empty = Math.max(file.fileBytes, file.allocatedBytes) < EMPTY_BYTES;
  return installed && empty ? [`its disk ${libvirtName} is empty`] : [];
}

/**
 * By the name of the disk's resource: disks without the system that was installed on them. One that a refresh has
 * dropped from the state is missed too: a new one in its place would be empty.
 */
export function diskDrift(state: StackState, status: LibvirtStatus): Finding[] {
  const wasInstalled = (name: string): boolean => {
    const command = state.commands.get(name);
    return command !== undefined && command.pendingReplacement !== true;
  };
  const disks = state.objects.filter(({ kind }) => kind === "volume");
  const found = disks.map((disk): Finding => [
    disk.name,
    fileDrift(disk, wasInstalled(disk.name.replace(/-disk$/, "-installed")), status),
  ]);
  const dropped = [...state.commands.keys()].flatMap((name): Finding[] => {
    const disk = name.replace(/-installed$/, "-disk");
    if (disk === name || !wasInstalled(name) || disks.some((d) => d.name === disk)) return [];
    // A refresh of an earlier version also dropped disks whose pool was gone.
    const device = name.replace(/-installed$/, "");
    if (Object.keys(status.volumes).some((v) => v.replace(/-[0-9a-f]{12}\.qcow2$/, "") === device)) return [];
    return [[disk, ["its disk is gone, also from the stack's state"]]];
  });
  return [...found, ...dropped];
}
