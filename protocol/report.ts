/** What a device says about itself: the body of POST /v1/report. */
import { z } from "zod";

import { commitSchema, versionSchema } from "./fields";
import { foreignLine, foreignText, oneLine } from "./text";

/** The verdict of the boot that reports. */
export const HEALTH = [
  /** The health checks have not ended. */
  "pending",
  /** Every required check passed. */
  "green",
  /** A required check failed: the boot is tried again, or undone. */
  "red",
] as const;
export type Health = (typeof HEALTH)[number];

/** Where the device stands on its way to a new commit. */
export const UPDATE_PHASES = [
  /** Nothing is to be done, or what was tried failed. */
  "idle",
  /** The commit is being fetched, then staged. */
  "pulling",
  /** The next boot runs the new commit. */
  "staged",
  /** It asks for the reboot lock, or has just got it. */
  "waiting-lock",
  /** It has the lock, has handed the virtual IP over, and reboots. */
  "rebooting",
] as const;
export type UpdatePhase = (typeof UPDATE_PHASES)[number];

/** Why the device reports now. */
export const EVENTS = [
  /** The first report of a boot, whatever caused it. */
  "boot",
  /** The required health checks passed. */
  "green",
  /** A required health check failed. */
  "red",
  /** The updater's timer; the reply tells the target. */
  "periodic",
  /** A commit is staged for the next boot. */
  "staged",
  /** A commit could not be fetched or staged; `updateError` says why. */
  "update-error",
  /** It has the reboot lock, and asks whether what it has staged is still the target. */
  "waiting-lock",
  /** The last report of a boot that ends for an update. */
  "rebooting",
  /** The virtual IP came or went. */
  "vip",
  /** The app failed, something is done about it, or it is well again. */
  "app",
] as const;
export type ReportEvent = (typeof EVENTS)[number];

export const deploymentSchema = z.object({ commit: commitSchema, version: versionSchema.nullish() });
export type Deployment = z.infer<typeof deploymentSchema>;

/** Seconds since 1970, as a shell has them, or text; kept as text. */
const time = z.union([
  foreignLine(64),
  z
    .number()
    .min(0)
    .max(8.64e12)
    .transform((seconds) => new Date(seconds * 1000).toISOString()),
]);

/** Why a device gave a commit up. */
export const CAUSES = [
  /** A required health check failed. */
  "check",
  /** A boot had no verdict in the time that boots need there. */
  "deadline",
  /** The hardware watchdog reset every attempt, or the last one that was no power cut. */
  "watchdog",
  /** The kernel panicked, or something restarted the machine without a word. */
  "panic",
  /** Attempts ended without a verdict, and the boot loader cannot tell how. */
  "unknown",
  /** It was staged, but could not be made the default while the system shut down. */
  "finalize",
] as const;
export type Cause = (typeof CAUSES)[number];

/** A commit that failed on the device, which takes it never again. */
export const failureSchema = z.object({
  commit: commitSchema,
  version: versionSchema.nullish(),
  /** One of {@link CAUSES}; an image from before has none. */
  cause: foreignLine(32).nullish(),
  /** Script of the required check that failed; "none" where no boot came that far. */
  check: foreignLine(256).nullish(),
  /** The check's own words. */
  output: foreignText(8192).nullish(),
  /** When the device fell back. */
  time: time.nullish(),
  /** Boots that were tried, or reboots that did not come to it. */
  attempts: z.number().int().nullish(),
});
export type Failure = z.infer<typeof failureSchema>;

/** Why `commit` could not be fetched or staged, so many times in a row. */
export const updateErrorSchema = z.object({
  commit: commitSchema,
  output: foreignText(8192),
  attempts: z.number().int().min(1),
});

export const reportSchema = z.object({
  /** The device's name in the lab. */
  device: z.string().max(63),
  /** The kernel's id of this boot. */
  bootId: foreignLine(64),
  /** One of {@link EVENTS}; an image that is newer than the depot may know more of them. */
  event: foreignLine(64),
  health: z.enum(HEALTH),
  booted: deploymentSchema,
  staged: deploymentSchema.nullish(),
  /** What the device goes back to. */
  rollback: deploymentSchema.nullish(),
  /** Boots that GRUB still tries; null where the counter is not armed. */
  bootCounter: z.number().int().nullish(),
  /** Does the device own the virtual IP? */
  vip: z.boolean(),
  /** running, zero, no-image, or "failed: REASON" and what is done about it; and what image was refused. */
  app: foreignLine(512).nullish(),
  failed: z.array(failureSchema).max(64).default([]),
  updateError: updateErrorSchema.nullish(),
  updatePhase: z.enum(UPDATE_PHASES).nullish(),
  /** What is wrong beside the boot's verdict, a line each: a full disk, a damaged state file. */
  problems: z.array(foreignLine(256)).max(16).default([]),
  /** Addresses that it shares the virtual IP with; an older image does not say. */
  peers: z.array(foreignLine(64)).max(4096).nullish(),
});
export type DeviceReport = z.infer<typeof reportSchema>;

/**
 * Why the device cannot serve the app, one line, or undefined if it can. The verdict of a
 * boot does not tell: the app may fail later, and a device only starts it when somebody asks for it.
 */
export function appFailure(report: Pick<DeviceReport, "app"> | null | undefined): string | undefined {
  const app = report?.app ?? "";
  if (!app.startsWith("failed")) return undefined;
  const why = /^failed: (.+)/s.exec(app)?.[1] ?? "it did not start";
  return oneLine(why);
}

/** Is the device as it should be: its boot green, and the app able to start? */
export function isWell(report: DeviceReport | null | undefined): boolean {
  return report?.health === "green" && appFailure(report) === undefined;
}
