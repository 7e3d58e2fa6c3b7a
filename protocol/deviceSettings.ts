/** What can change on a running device: the input of its program `settings`. */
import { z } from "zod";

/** crypt(3), without characters that a file of one line could not hold. */
const passwordHash = z.string().regex(/^\$[A-Za-z0-9./$=,]+$/, "is not a crypt(3) hash");

export const deviceSettingsSchema = z.strictObject({
  /** Interval of VRRP advertisements, seconds. */
  advertSeconds: z.number().positive(),
  /** VRRP priority: 255 for the owner of the address, else distinct and lower. */
  vipPriority: z.number().int().min(1).max(255),
  /** Time without a connection after which the app goes back to zero, seconds. */
  idleSeconds: z.number().int().positive(),
  /** Public keys in OpenSSH format that may log in as the operator; all of them. */
  authorizedKeys: z.array(z.string().regex(/^[^\n]+$/, "is not one line")).min(1),
  /** The operator's password; secret. */
  passwordHash,
});
export type DeviceSettings = z.infer<typeof deviceSettingsSchema>;

/** What the program prints, one a line: settings whose values were others. */
export const CHANGED = ["advertSeconds", "vipPriority", "idleSeconds", "authorizedKeys", "password"] as const;
