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

const rolloutId = z.string().min(1).max(64);

/** A rollout begins: devices may take the reboot lock for this commit, an earlier halt is forgotten. */
export const rolloutSchema = z
  .object({
    targetCommit: commit,
    version: z.string().max(64),
    /** Names this rollout, for its lease and its end; the depot makes one where it is left out. */
    id: rolloutId.nullish(),
    /** The commit that devices shall run when it is withdrawn. */
    from: commit.nullish(),
    /** It counts as withdrawn when nobody has renewed its lease for so long; without one it needs no watcher. */
    leaseSeconds: z.number().min(0.1).max(3600).nullish(),
  })
  .refine(
    ({ leaseSeconds, from }) => typeof leaseSeconds !== "number" || typeof from === "string",
    "a lease needs the commit to go back to: from",
  );
export type Rollout = z.infer<typeof rolloutSchema>;

/** Somebody still watches the rollout. */
export const leaseSchema = z.object({ id: rolloutId });

/** A rollout ends: every device runs it, one failed on it, or its watcher was told to stop. */
export const endSchema = z.object({ id: rolloutId, outcome: z.enum(["done", "failed", "withdrawn"]) });
export type Outcome = z.infer<typeof endSchema>["outcome"];
