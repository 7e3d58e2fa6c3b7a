import { readFileSync } from "node:fs";

import { z } from "zod";

import { inState } from "../protocol/paths";

const settings = z.looseObject({ http: z.looseObject({ addr: z.string() }) });

/** `host:port` that the lab's registry listens on: in the host's own LAN no configuration says the host's address. */
export function registryAddress(stateDir: string): string {
  const text = readFileSync(inState(stateDir, "registryConfig"), "utf8");
  return settings.parse(JSON.parse(text)).http.addr;
}
