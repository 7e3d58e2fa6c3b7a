/** An answer that is not a success, in FleetLock's form; all routes share it. */
import { z } from "zod";

import type { LockRefusal } from "./fleetLock";

/** Why a request is not taken, whatever the lab's state. */
export const REQUEST_REFUSALS = [
  /** 400: a report with wrong fields; the value names them. */
  "invalid_report",
  /** 400: a lock request with wrong fields. */
  "invalid_body",
  /** 400: a lock request without FleetLock's header. */
  "missing_protocol_header",
  /** 400: a lab with wrong fields. */
  "invalid_lab",
  /** 400: a rollout with wrong fields. */
  "invalid_rollout",
  /** 400: a renewal of a lease with wrong fields. */
  "invalid_lease",
  /** 400: the end of a rollout with wrong fields. */
  "invalid_end",
  /** 403 to a report, 404 to a question: no device of the lab has this name. */
  "unknown_device",
  /** 403: no device of the lab has the address that a lock request came from. */
  "unknown_client",
  /** 403: a lock request for a group that is not the lab's. */
  "unknown_group",
  /** 403: the request came from another address than the device's own. */
  "foreign_address",
  /** 409 to a renewal or an end: the rollout has ended, or another one has begun. */
  "not_this_rollout",
  /** 404: there is no such path. */
  "not_found",
] as const;
export type RequestRefusal = (typeof REQUEST_REFUSALS)[number];

export interface Refusal {
  readonly kind: LockRefusal | RequestRefusal;
  /** For people. */
  readonly value: string;
}

/** As it is read: what the web framework refuses has a kind of the framework's own. */
export const refusalSchema = z.object({ kind: z.string(), value: z.string() });
