import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

const settings = z.looseObject({ http: z.looseObject({ addr: z.string() }) });

/** `host:port` that the lab's registry listens on: in the host's own LAN no configuration says the host's address. */
export function registryAddress(stateDir: string): string {
  const text = readFileSync(join(stateDir, "registry", "config.json"), "utf8");
  return settings.parse(JSON.parse(text)).http.addr;
}
