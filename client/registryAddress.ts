import { readFileSync } from "node:fs";

import { z } from "zod";

import { inState } from "../protocol/paths";

const settings = z.looseObject({ http: z.looseObject({ addr: z.string() }) });

/** `host:port` of the lab's registry, from its own file: in the host's LAN no configuration key holds the address. */
export function registryAddress(stateDir: string): string {
  const text = readFileSync(inState(stateDir, "registryConfig"), "utf8");
  return settings.parse(JSON.parse(text)).http.addr;
}
