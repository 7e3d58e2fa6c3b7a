/** What the host says: who belongs to the lab (PUT /v1/lab) and what is rolled out (/v1/rollout). */
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

const rolloutId = z.string().min(1).max(64);

/** A rollout begins: devices may take the reboot lock for this commit, an earlier halt is forgotten. */
export const rolloutSchema = z
  .object({
    targetCommit: commitSchema,
    version: versionSchema,
    /** Identifies this rollout for its lease and its end; if absent, the depot creates one. */
    id: rolloutId.nullish(),
    /** The commit that devices must run if it is withdrawn. */
    from: commitSchema.nullish(),
    /** The rollout counts as withdrawn if its lease is not renewed for this long; without one it needs no watcher. */
    leaseSeconds: z.number().min(0.1).max(3600).nullish(),
  })
  .refine(
    ({ leaseSeconds, from }) => typeof leaseSeconds !== "number" || typeof from === "string",
    "a lease needs the commit to go back to: from",
  );
export type Rollout = z.infer<typeof rolloutSchema>;

/** What a watched rollout has. */
export interface Lease {
  readonly id: string;
  readonly from: string;
  readonly leaseSeconds: number;
}

/** POST /v1/rollout/lease: somebody still watches the rollout. */
export const renewalSchema = z.object({ id: rolloutId });
export type Renewal = z.infer<typeof renewalSchema>;

/** How a rollout ends: every device runs it, one failed on it, or its watcher was told to stop. */
export const OUTCOMES = ["done", "failed", "withdrawn"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** POST /v1/rollout/end. */
export const endingSchema = z.object({ id: rolloutId, outcome: z.enum(OUTCOMES) });
export type Ending = z.infer<typeof endingSchema>;
