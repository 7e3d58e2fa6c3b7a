import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

const settings = z.looseObject({ http: z.looseObject({ addr: z.string() }) });

/** `host:port` of the lab's registry, from its own file: in the host's LAN no configuration key holds the address. */
export function registryAddress(stateDir: string): string {
  const text = readFileSync(join(stateDir, "registry", "config.json"), "utf8");
  return settings.parse(JSON.parse(text)).http.addr;
}
