/** Fields that several messages share. */
import { z } from "zod";

import { foreignLine } from "./text";

/** Id of an OSTree commit: a SHA-256 in hex. */
export const commitSchema = z.string().regex(/^[0-9a-f]{64}$/, "is not a commit");

/** A crypt(3) hash, with the characters that crypt(5) allows: no colon, blank or line end, which shadow(5) could not hold. */
export const CRYPT_HASH = /^\$[A-Za-z0-9./$=,+_-]+$/;

/** A release's version, as the composer records it. */
export const versionSchema = foreignLine(64);

/** What the devices' check 01_check_upgrade.sh does with a new commit. */
export const UPGRADE_GATES = [
  /** A commit whose other checks pass is accepted. */
  "open",
  /** Every commit but the accepted one fails its health checks, and is rolled back. */
  "closed",
] as const;
export const upgradeGateSchema = z.enum(UPGRADE_GATES);
export type UpgradeGate = z.infer<typeof upgradeGateSchema>;
