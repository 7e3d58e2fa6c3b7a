import { request } from "node:http";

import { z } from "zod";

import { inState } from "../protocol/paths";
import { printable } from "../protocol/text";
import { lockViewSchema, type LockView } from "../protocol/fleetLock";
import type { Ending, Lease, Outcome, Renewal, Rollout } from "../protocol/lab";
import {
  clientViewSchema,
  deviceViewSchema,
  rolloutViewSchema,
  targetViewSchema,
  type ClientView,
  type DeviceView,
  type RolloutView,
  type TargetView,
} from "../protocol/status";

/** The depot answered with an error (and its HTTP status), or not at all. */
export class DepotError extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(printable(message));
  }
}

/** Talks to the depot over its admin socket, which only this host's root can open. */
export class DepotClient {
  private readonly socketPath: string;

  constructor(stateDir: string) {
    this.socketPath = inState(stateDir, "adminSocket");
  }

  async devices(): Promise<DeviceView[]> {
    return z.array(deviceViewSchema).parse(await this.call("GET", "/v1/devices"));
  }

  /** Files and bytes by client, since the depot was made. */
  async clients(): Promise<ClientView[]> {
    return z.array(clientViewSchema).parse(await this.call("GET", "/v1/clients"));
  }

  /** Who may reboot now, and the rollouts that were halted. */
  async lock(): Promise<LockView> {
    return lockViewSchema.parse(await this.call("GET", "/v1/lock"));
  }

  /** Ends the reboot lock of a holder that does not come back. */
  async releaseLock(): Promise<LockView> {
    return lockViewSchema.parse(await this.call("DELETE", "/v1/lock"));
  }

  /** What the devices are told to run. */
  async target(): Promise<TargetView> {
    return targetViewSchema.parse(await this.call("GET", "/v1/target"));
  }

  /**
   * Begins a rollout: devices may take reboot locks for this commit, and an earlier halt is forgotten.
   * @param lease without one, the rollout continues until another begins
   */
  async startRollout(targetCommit: string, version: string, lease?: Lease): Promise<void> {
    await this.call("PUT", "/v1/rollout", { targetCommit, version, ...lease } satisfies Rollout);
  }

  /** The last rollout. */
  async rollout(): Promise<RolloutView> {
    return rolloutViewSchema.parse(await this.call("GET", "/v1/rollout"));
  }

  /** Reports that somebody still watches the rollout; throws a DepotError with status 409 if it is over. */
  async renewLease(id: string): Promise<void> {
    await this.call("POST", "/v1/rollout/lease", { id } satisfies Renewal);
  }

  /** Ends a rollout; throws a DepotError with status 409 if another one has begun. */
  async endRollout(id: string, outcome: Outcome): Promise<void> {
    await this.call("POST", "/v1/rollout/end", { id, outcome } satisfies Ending);
  }

  /** Allows another rollout of a commit that failed on a device. */
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
