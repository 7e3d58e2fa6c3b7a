/** What was sent of the repository. */
import { z } from "zod";

/** What a request was for. */
export const KINDS = [
  /** A file's content, below /repo/objects. */
  "object",
  /** A static delta, below /repo/deltas. */
  "delta",
  /** Anything small beside them: refs, the summary, the configuration. */
  "meta",
] as const;
export type Kind = (typeof KINDS)[number];

export const countSchema = z.object({
  /** Answers that carried content (200, 206). */
  files: z.number(),
  /** Bytes of content sent. */
  bytes: z.number(),
  /** All answers, also 304 and 404. */
  requests: z.number(),
});
export type Count = z.infer<typeof countSchema>;

/** GET /v1/totals. */
export const totalsViewSchema = countSchema.extend({ kinds: z.record(z.enum(KINDS), countSchema) });
export type TotalsView = z.infer<typeof totalsViewSchema>;

export const clientCountsSchema = totalsViewSchema.extend({
  /** ISO 8601. */
  firstSeen: z.string(),
  /** ISO 8601. */
  lastSeen: z.string(),
});
export type ClientCounts = z.infer<typeof clientCountsSchema>;
