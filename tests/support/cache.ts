import { homedir } from "node:os";
import { join } from "node:path";

/** A path in the folder of everything that tests/setup.sh installs for tests only. */
export function testCache(...names: string[]): string {
  const { EDGE_LAB_CACHE: own, XDG_CACHE_HOME: caches } = process.env;
  return join(own ?? join(caches ?? join(homedir(), ".cache"), "edge-lab"), "tests", ...names);
}
