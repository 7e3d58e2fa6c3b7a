import { z } from "zod";

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "is not a host name");
const commit = z.string().regex(/^[0-9a-f]{64}$/, "is not a commit");

export const labDevice = z.object({
  name,
  role: z.string().max(32),
  /** Fixed address; null where the network's own DHCP server gives one: then the first report tells it. */
  address: z.union([z.ipv4(), z.ipv6()]).nullish(),
});
export type LabDevice = z.infer<typeof labDevice>;

/** Who belongs to the lab; from the stack's configuration. */
export const labSchema = z
  .object({
    ref: z.string().regex(/^[\w.-]+(\/[\w.-]+)*$/, "is not a ref"),
    upgradeGate: z.enum(["open", "closed"]),
    devices: z.array(labDevice).max(4096),
  })
  .refine(
    (lab) => new Set(lab.devices.map((d) => d.name)).size === lab.devices.length,
    "two devices share a name",
  );
export type Lab = z.infer<typeof labSchema>;

/** A rollout begins: devices may take the reboot lock for this commit, an earlier halt is forgotten. */
export const rolloutSchema = z.object({ targetCommit: commit, version: z.string().max(64) });
export type Rollout = z.infer<typeof rolloutSchema>;
