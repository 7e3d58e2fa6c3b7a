/**
 * What the depot answers to whoever asks how the lab is. Fields that an older depot may leave out have a default: they
 * are read as null, and written always.
 */
import { z } from "zod";

import { clientCountsSchema, totalsViewSchema } from "./counts";
import { commitSchema, upgradeGateSchema, versionSchema } from "./fields";
import { lockViewSchema } from "./fleetLock";
import { OUTCOMES } from "./lab";
import { reportSchema } from "./report";
import { foreignLine } from "./text";

/** GET /v1/devices, a list, and GET /v1/devices/NAME: a device of the lab with its last report. */
export const deviceViewSchema = z.object({
  name: foreignLine(256),
  role: foreignLine(64),
  /** Null for a device without a fixed address that has not reported yet. */
  address: foreignLine(64).nullable(),
  /** When the last report came, ISO 8601 by the depot's clock. */
  receivedAt: foreignLine(64).nullable().default(null),
  /** How long ago that was. */
  ageSeconds: z.number().nullable().default(null),
  /** Null until the device has reported once. */
  report: reportSchema.nullable().default(null),
});
export type DeviceView = z.infer<typeof deviceViewSchema>;

/** GET /v1/clients, a list: what one client was sent since the depot was made. */
export const clientViewSchema = clientCountsSchema.extend({
  /** Its address. */
  client: foreignLine(256),
  /** The lab's device that has this address. */
  device: foreignLine(256).nullable().default(null),
});
export type ClientView = z.infer<typeof clientViewSchema>;

/** GET /v1/target: what the devices are told to run. Null where no lab is set, or nothing is published. */
export const targetViewSchema = z.object({
  ref: z.string().nullable(),
  commit: commitSchema.nullable(),
  /** By the composer's records; null for a commit from elsewhere. */
  version: versionSchema.nullable(),
  upgradeGate: upgradeGateSchema.nullable(),
});
export type TargetView = z.infer<typeof targetViewSchema>;

/** State of a rollout; `withdrawn` includes one whose watcher has vanished. */
export const ROLLOUT_STATES = ["none", "going", ...OUTCOMES] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];

/** GET /v1/rollout, and the answer to a renewal or an end: the last rollout. Without one, all but the state is null. */
export const rolloutViewSchema = z.object({
  state: z.enum(ROLLOUT_STATES),
  id: z.string().nullable(),
  targetCommit: commitSchema.nullable(),
  version: versionSchema.nullable(),
  /** ISO 8601. */
  startedAt: foreignLine(64).nullable(),
  /** What the devices ran before, if the rollout can be withdrawn. */
  from: commitSchema.nullable(),
  fromVersion: versionSchema.nullable(),
});
export type RolloutView = z.infer<typeof rolloutViewSchema>;

/** GET /v1/status: all of it at once, for the status page. */
export const statusSchema = z.object({
  /** ISO 8601. */
  time: z.string(),
  target: targetViewSchema,
  /** The rollout that began last. */
  rollout: rolloutViewSchema.nullable(),
  /** Name of the device that owns the virtual IP. */
  vipOwner: z.string().nullable(),
  devices: z.array(deviceViewSchema),
  lock: lockViewSchema,
  totals: totalsViewSchema,
  clients: z.array(clientViewSchema),
});
export type Status = z.infer<typeof statusSchema>;
