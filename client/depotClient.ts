import { request } from "node:http";
import { join } from "node:path";

import { z } from "zod";

const deployment = z.object({ commit: z.string(), version: z.string().nullish() });

/** A device as the depot knows it; `report` is null until it has reported once. */
const deviceRecord = z.object({
  name: z.string(),
  role: z.string(),
  address: z
    .string()
    .nullable()
    .transform((a) => a ?? ""),
  /** When the last report came, ISO 8601. */
  receivedAt: z.string().nullish(),
  report: z
    .object({
      bootId: z.string(),
      event: z.string(),
      health: z.enum(["pending", "green", "red"]),
      booted: deployment,
      staged: deployment.nullish(),
      rollback: deployment.nullish(),
      bootCounter: z.number().nullish(),
      vip: z.boolean(),
      app: z.string().nullish(),
      failed: z
        .array(
          z.object({
            commit: z.string(),
            version: z.string().nullish(),
            check: z.string().nullish(),
            output: z.string().nullish(),
            time: z.string().nullish(),
          }),
        )
        .default([]),
      updatePhase: z.string().nullish(),
      /** Why this commit could not be fetched or staged. */
      updateError: z.object({ commit: z.string(), output: z.string(), attempts: z.number() }).nullish(),
    })
    .nullish(),
});
export type DeviceRecord = z.infer<typeof deviceRecord>;

const client = z.object({
  client: z.string(),
  device: z.string().nullish(),
  files: z.number(),
  bytes: z.number(),
});
export type ClientTotals = z.infer<typeof client>;

const lockState = z.object({
  holders: z.array(z.object({ group: z.string(), device: z.string(), since: z.string() })),
  halted: z.array(z.object({ commit: z.string(), device: z.string(), check: z.string() })),
  withdrawn: z
    .object({
      version: z.string().nullable(),
      from: z.string().nullable(),
      fromVersion: z.string().nullable(),
    })
    .nullish(),
});
export type LockState = z.infer<typeof lockState>;

const rollout = z.object({
  state: z.enum(["none", "going", "done", "failed", "withdrawn"]),
  id: z.string().nullable(),
  targetCommit: z.string().nullable(),
  version: z.string().nullable(),
  from: z.string().nullable(),
  fromVersion: z.string().nullable(),
});
export type RolloutRecord = z.infer<typeof rollout>;

/** A rollout that somebody watches: who it is, where it goes back to, and for how long it goes on unwatched. */
export interface Lease {
  readonly id: string;
  readonly from: string;
  readonly leaseSeconds: number;
}

const target = z.object({
  ref: z.string().nullable(),
  commit: z.string().nullable(),
  version: z.string().nullable(),
  upgradeGate: z.string().nullable(),
});
export type Target = z.infer<typeof target>;

/** The depot's answer was an error, with its HTTP status, or there was none. */
export class DepotError extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** Talks to the depot over its admin socket, which only this host's root can open. */
export class DepotClient {
  private readonly socketPath: string;

  constructor(stateDir: string) {
    this.socketPath = join(stateDir, "depot", "admin.sock");
  }

  async devices(): Promise<DeviceRecord[]> {
    return z.array(deviceRecord).parse(await this.call("GET", "/v1/devices"));
  }

  /** Files and bytes by client, since the depot was made. */
  async clients(): Promise<ClientTotals[]> {
    return z.array(client).parse(await this.call("GET", "/v1/clients"));
  }

  /** Who may reboot now, and the rollouts that were halted. */
  async lock(): Promise<LockState> {
    return lockState.parse(await this.call("GET", "/v1/lock"));
  }

  /** Ends the reboot lock of a holder that does not come back. */
  async releaseLock(): Promise<LockState> {
    return lockState.parse(await this.call("DELETE", "/v1/lock"));
  }

  /** What the devices are told to run. */
  async target(): Promise<Target> {
    return target.parse(await this.call("GET", "/v1/target"));
  }

  /**
   * Begins a rollout: devices may take reboot locks for this commit, and an earlier halt is forgotten.
   * @param lease without one it goes on until another begins
   */
  async startRollout(targetCommit: string, version: string, lease?: Lease): Promise<void> {
    await this.call("PUT", "/v1/rollout", { targetCommit, version, ...lease });
  }

  /** The last rollout. */
  async rollout(): Promise<RolloutRecord> {
    return rollout.parse(await this.call("GET", "/v1/rollout"));
  }

  /** Somebody still watches the rollout; a DepotError with status 409 where it is over. */
  async renewLease(id: string): Promise<void> {
    await this.call("POST", "/v1/rollout/lease", { id });
  }

  /** Ends a rollout; a DepotError with status 409 where another one has begun. */
  async endRollout(id: string, outcome: "done" | "failed" | "withdrawn"): Promise<void> {
    await this.call("POST", "/v1/rollout/end", { id, outcome });
  }

  /** Lets a commit be rolled out again that has failed on a device. */
  async forgetHalt(commit: string): Promise<void> {
    await this.call("DELETE", `/v1/halts/${commit}`);
  }

  private call(method: string, path: string, body?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const req = request(
        {
          socketPath: this.socketPath,
          method,
          path,
          timeout: 10_000,
          headers:
            text === undefined
              ? {}
              : { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
        },
        (res) => {
          const chunks: Buffer[] = [];
          res.on("data", (chunk: Buffer) => chunks.push(chunk));
          res.on("end", () => {
            const answer = Buffer.concat(chunks).toString("utf8");
            if ((res.statusCode ?? 500) >= 300) {
              reject(
                new DepotError(
                  `depot: ${method} ${path} answered ${res.statusCode}: ${answer.slice(0, 300)}`,
                  res.statusCode,
                ),
              );
            } else resolve(answer === "" ? undefined : (JSON.parse(answer) as unknown));
          });
        },
      );
      req.on("timeout", () => req.destroy(new DepotError(`depot: ${method} ${path}: no answer in 10 s`)));
      req.on("error", (e) => reject(new DepotError(`depot at ${this.socketPath}: ${e.message}`)));
      req.end(text);
    });
  }
}
