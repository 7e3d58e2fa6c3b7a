import { z } from "zod";

const commit = z.string().regex(/^[0-9a-f]{64}$/, "is not a commit");
const deployment = z.object({ commit, version: z.string().max(64).nullish() });

/** Seconds since 1970, as a shell has them, or text; kept as text. */
const time = z.union([
  z.string().max(64),
  z
    .number()
    .min(0)
    .max(8.64e12)
    .transform((seconds) => new Date(seconds * 1000).toISOString()),
]);

const failure = z.object({
  commit,
  version: z.string().max(64).nullish(),
  check: z.string().max(256).nullish(),
  output: z.string().max(8192).nullish(),
  time: time.nullish(),
  attempts: z.number().int().nullish(),
});
export type Failure = z.infer<typeof failure>;

/** What a device says about itself. */
export const reportSchema = z.object({
  device: z.string().max(63),
  bootId: z.string().max(64),
  event: z.string().max(64),
  health: z.enum(["pending", "green", "red"]),
  booted: deployment,
  staged: deployment.nullish(),
  rollback: deployment.nullish(),
  bootCounter: z.number().int().nullish(),
  vip: z.boolean(),
  app: z.string().max(512).nullish(),
  failed: z.array(failure).max(64).default([]),
  /** Why `commit` could not be fetched or staged, so many times in a row. */
  updateError: z
    .object({ commit, output: z.string().max(8192), attempts: z.number().int().min(1) })
    .nullish(),
  updatePhase: z.enum(["idle", "pulling", "staged", "waiting-lock", "rebooting"]).nullish(),
});
export type Report = z.infer<typeof reportSchema>;

/** The last report of a device and when it came, ISO 8601 by this host's clock. */
export interface Received {
  readonly receivedAt: string;
  readonly address: string;
  readonly report: Report;
}

/** One line that names every wrong field. */
export function problems(error: z.ZodError): string {
  return error.issues.map((i) => `${i.path.join(".") || "body"}: ${i.message}`).join("; ");
}
