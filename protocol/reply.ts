/** What a device is told: the answer to its report. */
import { z } from "zod";

import { commitSchema, upgradeGateSchema } from "./fields";

export const replySchema = z.object({
  /** Addresses of the lab's other devices, as far as they are known. */
  peers: z.array(z.string()),
  /** Whether the others list this device as a peer; until then a new one does not take the virtual IP. */
  knownToPeers: z.boolean(),
  /** What the device is to run; no commit before the first release is published. */
  target: z.object({ ref: z.string(), commit: commitSchema.nullable() }),
  upgradeGate: upgradeGateSchema,
});
export type Reply = z.infer<typeof replySchema>;
