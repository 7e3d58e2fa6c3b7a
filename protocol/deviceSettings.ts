/** What can change on a running device: the input of its program `settings`. */
import { z } from "zod";

import { CRYPT_HASH } from "./fields";
import { line } from "./text";

const passwordHash = z.string().regex(CRYPT_HASH, "is not a crypt(3) hash");

export const deviceSettingsSchema = z.strictObject({
  /** Interval of VRRP advertisements, seconds. */
  advertSeconds: z.number().positive(),
  /** VRRP priority: 255 for the owner of the address, else distinct and lower. */
  vipPriority: z.number().int().min(1).max(255),
  /** Time without a connection after which the app goes back to zero, seconds. */
  idleSeconds: z.number().int().positive(),
  /** Public keys in OpenSSH format that may log in as the operator; all of them. */
  authorizedKeys: z.array(line.min(1)).min(1),
  /** The operator's password; secret. */
  passwordHash,
  /** Whether the operator may log in over ssh with the password; without that it is for the console. */
  passwordLogin: z.boolean(),
});
export type DeviceSettings = z.infer<typeof deviceSettingsSchema>;

/** What the program prints, one a line: settings whose values were others. */
export const CHANGED = [
  "advertSeconds",
  "vipPriority",
  "idleSeconds",
  "authorizedKeys",
  "password",
  "passwordLogin",
] as const;
