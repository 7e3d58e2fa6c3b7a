import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { TempDir } from "./tempProject";

/** The folder of everything that the project caches. */
function cacheDir(): string {
  const { EDGE_LAB_CACHE: own, XDG_CACHE_HOME: caches } = process.env;
  return own ?? join(caches ?? join(homedir(), ".cache"), "edge-lab");
}

/**
 * Checks kickstarts with pykickstart's ksvalidator, which tests/setup.sh installs.
 * @param version whose directives apply, e.g. RHEL9
 */
export function ksvalidator(
  kickstarts: readonly string[],
  version: string,
): { status: number | null; complaints: string[] } {
  const dir = new TempDir();
  try {
    const paths = kickstarts.map((_, i) => join(dir.path, `${i}.ks`));
    kickstarts.forEach((text, i) => writeFileSync(paths[i] ?? "", text));
    const result = spawnSync(
      join(cacheDir(), "tests/venv/bin/ksvalidator"),
      ["-e", "-v", version, ...paths],
      {
        encoding: "utf8",
      },
    );
    if (result.error) throw result.error;
    const lines = `${result.stdout}${result.stderr}`.split("\n");
    const complaints = lines.filter(
      (line) => line.trim() !== "" && !line.startsWith("Checking kickstart file"),
    );
    return { status: result.status, complaints };
  } finally {
    dir.remove();
  }
}
