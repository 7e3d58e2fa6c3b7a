/**
 * The reboot lock, by the FleetLock protocol that Zincati and airlock speak: POST /v1/pre-reboot takes it, POST
 * /v1/steady-state gives it back, both with the same body. A success is an empty object.
 */
import { z } from "zod";

import { commitSchema, versionSchema } from "./fields";
import { foreignLine, foreignText, line } from "./text";

/** Every lock request has this header, with the value "true". */
export const FLEET_LOCK_HEADER = "fleet-lock-protocol";

/** The group of the lab's devices, and the only one: each group would be a lock more, so others are not taken. */
export const LOCK_GROUP = "default";

export const lockRequestSchema = z.object({
  client_params: z.object({
    /** The client's own, opaque: this lab's devices give their name, Zincati a hash. */
    id: line.min(1).max(256),
    /** {@link LOCK_GROUP}. By FleetLock's own rule for names. */
    group: z.string().regex(/^[a-zA-Z0-9.-]{1,64}$/, "is not a group"),
  }),
});
export type LockRequest = z.infer<typeof lockRequestSchema>;

/** Why a device may not reboot now; status 409. */
export const LOCK_REFUSALS = [
  /** Another client holds the group's lock. */
  "failed_lock",
  /** What the device has staged is not the target any more. */
  "not_the_target",
  /** The commit that the device has staged was withdrawn: nobody watches its rollout any longer. */
  "rollout_withdrawn",
  /** The target has failed on a device: nobody else tries it until a rollout begins anew. */
  "rollout_halted",
  /** The owner of the virtual IP reboots once every other device is green on the target. */
  "vip_owner_last",
] as const;
export type LockRefusal = (typeof LOCK_REFUSALS)[number];

/** Who may reboot now. */
export const holderSchema = z.object({
  /** The id that the client gave. */
  id: foreignLine(256),
  /** The lab's device that it came from. */
  device: foreignLine(256),
  /** ISO 8601. */
  since: foreignLine(64),
});
export type Holder = z.infer<typeof holderSchema>;

/** The rollout of one commit that must not go on, and why. */
export const haltSchema = z.object({
  commit: commitSchema,
  device: foreignLine(256),
  check: foreignLine(256),
  output: foreignText(8192),
  /** ISO 8601, when the depot learnt of it. */
  since: foreignLine(64),
});
export type Halt = z.infer<typeof haltSchema>;

/** A rollout that was withdrawn, by its watcher or because nobody watches it any longer. */
export const withdrawnSchema = z.object({
  targetCommit: commitSchema,
  version: versionSchema,
  /** The commit that devices must run instead; null for a rollout without a lease. */
  from: commitSchema.nullable(),
  /** From the releases' records. */
  fromVersion: versionSchema.nullable(),
});
export type Withdrawn = z.infer<typeof withdrawnSchema>;

/** GET /v1/lock; also what remains after DELETE of it, or of a halt (/v1/halts/COMMIT), on the admin socket. */
export const lockViewSchema = z.object({
  /** Of the group that the lab's devices use, and of any other. */
  holders: z.array(holderSchema.extend({ group: foreignLine(256) })),
  halted: z.array(haltSchema),
  /** The last rollout, if it was withdrawn. */
  withdrawn: withdrawnSchema.nullable().default(null),
});
export type LockView = z.infer<typeof lockViewSchema>;
