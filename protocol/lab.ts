/** What the host says: who belongs to the lab (PUT /v1/lab) and what is rolled out (PUT /v1/rollout). */
import { z } from "zod";

import { commitSchema, upgradeGateSchema, versionSchema } from "./fields";

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "is not a host name");

export const labDeviceSchema = z.object({
  name,
  role: z.string().max(32),
  /** Fixed address; null where the network's own DHCP server gives one: then the first report tells it. */
  address: z.union([z.ipv4(), z.ipv6()]).nullish(),
});
export type LabDevice = z.infer<typeof labDeviceSchema>;

/** Who belongs to the lab; from the stack's configuration. */
export const labSchema = z
  .object({
    /** The ref that devices follow. */
    ref: z.string().regex(/^[\w.-]+(\/[\w.-]+)*$/, "is not a ref"),
    upgradeGate: upgradeGateSchema,
    devices: z.array(labDeviceSchema).max(4096),
  })
  .refine(
    (lab) => new Set(lab.devices.map((d) => d.name)).size === lab.devices.length,
    "two devices share a name",
  );
export type Lab = z.infer<typeof labSchema>;

/** A rollout begins: devices may take the reboot lock for this commit, an earlier halt is forgotten. */
export const rolloutSchema = z.object({ targetCommit: commitSchema, version: versionSchema });
export type Rollout = z.infer<typeof rolloutSchema>;
