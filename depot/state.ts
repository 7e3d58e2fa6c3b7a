import { existsSync, readFileSync, renameSync } from "node:fs";
import { open, rename } from "node:fs/promises";

import type { ClientCounts, Count } from "../protocol/counts";
import type { Halt } from "../protocol/fleetLock";
import type { Lab } from "../protocol/lab";
import type { StartedRollout } from "./lease";
import type { Locks } from "./lock";
import type { Received } from "./received";
import type { Position } from "./tail";

/** Everything that survives a restart. */
export interface State {
  lab: Lab | null;
  rollout: StartedRollout | null;
  /** By commit. */
  halts: Record<string, Halt>;
  locks: Locks;
  /** By device name. */
  devices: Record<string, Received>;
  total: Count;
  clients: Record<string, ClientCounts>;
  /** How far the access log is counted. */
  log: Position | null;
}

export const emptyState = (): State => ({
  lab: null,
  rollout: null,
  halts: {},
  locks: {},
  devices: {},
  total: { files: 0, bytes: 0, requests: 0 },
  clients: {},
  log: null,
});

/**
 * Reads the state. A file that is not JSON (a host that lost power before the disk had it) is put aside: the depot
 * must come up, and the devices report again within a minute.
 */
export function loadState(path: string, warn: (text: string) => void): State {
  if (!existsSync(path)) return emptyState();
  try {
    return { ...emptyState(), ...(JSON.parse(readFileSync(path, "utf8")) as Partial<State>) };
  } catch (e) {
    renameSync(path, `${path}.unreadable`);
    warn(`${path} was unreadable and is put aside: ${(e as Error).message}`);
    return emptyState();
  }
}

/** Writes the state, at most once a second unless someone waits for it; a reader sees the old or the new, never half. */
export class StateFile {
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly content: () => State,
    private readonly failed: (e: unknown) => void,
    private readonly delayMs = 1000,
  ) {}

  /** Something changed that may be lost for a second. */
  touch(): void {
    this.timer ??= setTimeout(() => void this.flush().catch(this.failed), this.delayMs);
  }

  /** Something changed that must be on disk before anyone is told. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    // One after the other; each writes what is the state when its turn comes.
    this.writing = this.writing.catch(() => undefined).then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const temporary = `${this.path}.new`;
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(this.content()));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.path);
  }
}
