import { readFileSync } from "node:fs";

import { z } from "zod";

/** What the host script decides once, before the server starts; paths are absolute. */
const schema = z.object({
  /** The OSTree repository that nginx serves under /repo. */
  repo: z.string(),
  /** Folder of `<version>.json` records: they tell which version a commit is. */
  releases: z.string(),
  /** Folder of the state. */
  dir: z.string(),
  /** Folder of the sockets. Its group is nginx's, which may connect to the public one. */
  run: z.string(),
  /** Folder of nginx's access logs. */
  access: z.string(),
  /** The log with the running count. */
  countLog: z.string(),
  /** Seconds without a report after which a device counts as dead and blocks nobody; a reboot takes 1 to 3 minutes. */
  staleSeconds: z.number().int().positive().default(600),
});
export type DepotConfig = z.infer<typeof schema>;

export function readConfig(path: string): DepotConfig {
  return schema.parse(JSON.parse(readFileSync(path, "utf8")));
}
