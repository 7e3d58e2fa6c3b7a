import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { testCache } from "../../support/cache";
import { needs } from "./sandbox";

const BUILDER = "assets/builders/debian";
/** The lab's own cache, so that parts that are there are used. */
const CACHE = dirname(testCache());

/**
 * The folder with the debian installer's parts as these sources make them, the boot loader's images among them. Missing
 * ones are made, in about a minute, or the suite is skipped where that needs programs that are not installed.
 */
export function installerParts(context: Mocha.Context, scratch: string): string {
  const key = execFileSync(
    "bash",
    [
      "-euc",
      `here=$0; for name in common installer; do . "$here/lib/$name.sh"; done; installer_key`,
      BUILDER,
    ],
    {
      encoding: "utf8",
    },
  ).trim();
  const parts = join(CACHE, "debian", `installer-${key}`);
  if (existsSync(parts)) return parts;
  needs(context, "mmdebstrap", "jq", "cpio", "zstd", "xz", "xorriso", "unshare");
  const input = { stateDir: scratch, cacheDir: CACHE, role: "boot-menu", kickstart: "", kernelArgs: [] };
  mkdirSync(join(scratch, "signing"), { recursive: true });
  writeFileSync(join(scratch, "signing/public.gpg"), "of no use here");
  execFileSync(join(BUILDER, "make-iso"), { input: JSON.stringify(input), stdio: "pipe" });
  return parts;
}
