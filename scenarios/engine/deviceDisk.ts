import type { RunningLab } from "./runningLab";

/** The file that fills the disk. */
const FILLER = "/var/lib/edge-scenario-filler";
/**
 * What may be left of a disk that is filled to the last block, blocks: what ext4 keeps for itself (fs/ext4/super.c,
 * ext4_set_resv_clusters: 2 %, at most 4096), and a few.
 */
const LEFT_BLOCKS = 4096 + 64;

/**
 * Fills a device's disk except for the 3 percent of a file system that ostree keeps free, and a little more.
 * @param leftMiB what is left in addition
 */
export async function fillForOstree(lab: RunningLab, device: string, leftMiB: number): Promise<void> {
  await lab.ask(
    device,
    `set -eu
total=$(stat --file-system --format '%b' /var); free=$(stat --file-system --format '%f' /var); block=$(stat --file-system --format '%S' /var)
sudo fallocate --length $(((free - total * 3 / 100) * block - ${leftMiB} * 1048576)) ${FILLER}`,
  );
}

/** Fills a device's disk to the last block, those included that the file system keeps for root. */
export async function fillToTheLastBlock(lab: RunningLab, device: string): Promise<void> {
  // Both end with an error once the disk is full; what counts is what is left.
  await lab.ask(
    device,
    `set -u
free=$(stat --file-system --format '%f' /var); block=$(stat --file-system --format '%S' /var)
sudo fallocate --length $((free * block)) ${FILLER} 2>/dev/null
sudo dd if=/dev/zero of=${FILLER} bs=4096 oflag=append conv=notrunc status=none 2>/dev/null
sync -f /var
left=$(stat --file-system --format '%f' /var)
[ "$left" -lt ${LEFT_BLOCKS} ] || { echo "$left blocks are left" >&2; exit 1; }`,
    600,
  );
}

/** Frees what {@link fillForOstree} or {@link fillToTheLastBlock} filled. */
export async function freeDisk(lab: RunningLab, device: string): Promise<void> {
  await lab.ask(device, `sudo rm -f ${FILLER}`);
}
