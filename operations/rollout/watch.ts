import { DepotError, type DepotClient } from "../../client/depotClient";
import { LabError } from "../../client/labError";
import type { Marker, Unfinished } from "./marker";

/** How long a rollout continues without a sign of its watcher, in seconds; tests use less. */
const LEASE_SECONDS = Number(process.env["EDGE_LEASE_SECONDS"] ?? 30);
/** Renewals in that time, because some may be lost. */
const RENEWALS = 6;

/** Tells the depot that a rollout is watched. */
export class Watch {
  /** Rejects when the rollout no longer belongs to this program. */
  readonly over: Promise<never>;
  private readonly timer: NodeJS.Timeout;

  private constructor(depot: DepotClient, { id, version }: Unfinished) {
    let end: (e: unknown) => void;
    this.over = new Promise<never>((_, reject) => (end = reject));
    this.over.catch(() => undefined);
    const renew = (): void =>
      void depot.renewLease(id).catch((e: unknown) => {
        if (!(e instanceof DepotError)) end(e);
        else if (e.status === 409) end(new LabError(`rollout of ${version}: another run has ended it`));
        // The depot does not answer; it restarts by itself.
      });
    this.timer = setInterval(renew, (LEASE_SECONDS * 1000) / RENEWALS);
  }

  /** Begins the rollout at the depot. */
  static async begin(depot: DepotClient, unfinished: Unfinished, marker: Marker): Promise<Watch> {
    const { id, from, targetCommit, version } = unfinished;
    marker.write(unfinished); // first, so that everything after it can be undone
    await depot.startRollout(targetCommit, version, { id, from, leaseSeconds: LEASE_SECONDS });
    return new Watch(depot, unfinished);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
