import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { testCache } from "./cache";
import { TempDir } from "./tempProject";

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
    const result = spawnSync(testCache("venv/bin/ksvalidator"), ["-e", "-v", version, ...paths], {
      encoding: "utf8",
      // It leaves a copy of its input in the temporary folder.
      env: { ...process.env, TMPDIR: dir.path },
    });
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
