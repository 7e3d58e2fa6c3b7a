import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";

import { labContext } from "../../client/context";
import { printError } from "../../client/terminal";

/** Disk usage of a folder in bytes; hard links count once. */
export function diskUsage(path: string, seen = new Set<number>()): number {
  const stat = lstatSync(path);
  if (seen.has(stat.ino)) return 0;
  seen.add(stat.ino);
  const own = stat.blocks * 512;
  if (!stat.isDirectory()) return own;
  return readdirSync(path).reduce((sum, name) => sum + diskUsage(join(path, name), seen), own);
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** `npm run clean`: removes the caches; the next `up` fills them again. */
export async function clean(): Promise<number> {
  const { cacheDir, root } = labContext({ anyOwner: true });
  // Node would write its part of the cache at the end of this process.
  flushCompileCache();
  if (existsSync(cacheDir)) {
    const size = diskUsage(cacheDir);
    rmSync(cacheDir, { recursive: true, force: true });
    printError(`clean: removed ${cacheDir} (${mebibytes(size)})\n`);
  } else {
    printError(`clean: there is no ${cacheDir}\n`);
  }
  rmSync(join(root, "node_modules", ".edge-lab"), { recursive: true, force: true });
  return 0;
}
