import { chmodSync, chownSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { x } from "tinyexec";

import { confiningModels, diskOverNbd, VOLATILE_SOCKETS } from "../../lib/volatileDisk";
import { VolatileCache, type CachePlace } from "./volatileCache";

/** Users that QEMU runs as, by distribution. */
const QEMU_USERS = ["libvirt-qemu", "qemu"];

/** Output of a virsh command that must succeed. */
export type Virsh = (...args: string[]) => Promise<string>;

/**
 * A folder with a short path, as sockets need it, for root and QEMU's user only. It names its lab, so that `destroy`
 * removes it after a scenario that was killed.
 */
export async function socketFolder(stateDir: string): Promise<string> {
  const folder = mkdtempSync(VOLATILE_SOCKETS);
  writeFileSync(`${folder}/lab`, stateDir);
  for (const user of QEMU_USERS) {
    const id = await x("id", ["-u", user], { throwOnError: false });
    if (id.exitCode === 0) chownSync(folder, Number(id.stdout), 0);
  }
  return folder;
}

/**
 * Starts a domain that is off on a volatile disk. Its definition stays as it is, beside the one that it runs from.
 * @param place where the cache has its files; the image is the one in the definition
 */
export async function startOnVolatileDisk(
  virsh: Virsh,
  name: string,
  place: Omit<CachePlace, "file">,
): Promise<VolatileCache> {
  const socket = VolatileCache.socketIn(place.sockets);
  const models = confiningModels(await virsh("capabilities"));
  const { xml, file } = diskOverNbd(await virsh("dumpxml", "--inactive", name), socket, models);
  const cache = await VolatileCache.start({ ...place, file });
  chmodSync(socket, 0o666); // the folder lets only QEMU's user through
  const definition = join(place.sockets, "domain.xml"); // virsh opens no socket, as a program's input is
  writeFileSync(definition, xml);
  try {
    await virsh("create", definition);
  } catch (e) {
    await cache.cut("all");
    throw e;
  }
  return cache;
}
