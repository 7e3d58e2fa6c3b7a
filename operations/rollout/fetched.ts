import type { DepotClient } from "../../client/depotClient";
import { sleep } from "../../client/wait";
import type { ClientView } from "../../protocol/status";

/** The web server logs a response at most this long after sending it, milliseconds. */
const LOG_DELAY_MS = 1200;

/** What one device fetched from the content server. */
export interface FetchedCount {
  readonly device: string;
  readonly files: number;
  readonly bytes: number;
}

/** Counts what the devices fetch from a given moment on. */
export class Fetched {
  private constructor(
    private readonly depot: DepotClient,
    private readonly before: readonly ClientView[],
  ) {}

  static async since(depot: DepotClient): Promise<Fetched> {
    await sleep(LOG_DELAY_MS);
    return new Fetched(depot, await depot.clients());
  }

  /** Files and bytes per device, for devices that fetched anything. */
  async byDevice(): Promise<FetchedCount[]> {
    await sleep(LOG_DELAY_MS);
    return (await this.depot.clients()).flatMap(({ client, device, files, bytes }) => {
      const was = this.before.find((c) => c.client === client);
      const count = { files: files - (was?.files ?? 0), bytes: bytes - (was?.bytes ?? 0) };
      return device && count.files > 0 ? [{ device, ...count }] : [];
    });
  }

  async of(device: string): Promise<FetchedCount> {
    return (await this.byDevice()).find((c) => c.device === device) ?? { device, files: 0, bytes: 0 };
  }
}
