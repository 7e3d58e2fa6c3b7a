import { existsSync, readFileSync, renameSync } from "node:fs";
import { open, rename } from "node:fs/promises";

import type { ClientCounts, Count } from "../protocol/counts";
import type { Halt } from "../protocol/fleetLock";
import type { Lab } from "../protocol/lab";
import type { StartedRollout } from "./lease";
import type { Locks } from "./lock";
import type { Received } from "./received";
import { without } from "./records";
import type { Positions } from "./accessLogs";

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
  /** How far the access logs are counted. */
  logs: Positions;
}

export const emptyState = (): State => ({
  lab: null,
  rollout: null,
  halts: {},
  locks: {},
  devices: {},
  total: { files: 0, bytes: 0, requests: 0 },
  clients: {},
  logs: {},
});

/**
 * Reads the state. A file that is not JSON (a host that lost power before the disk had it) is put aside: the depot
 * must come up, and the devices report again within a minute.
 */
export function loadState(path: string, warn: (text: string) => void): State {
  if (!existsSync(path)) return emptyState();
  try {
    const stored = JSON.parse(readFileSync(path, "utf8")) as Partial<State>;
    // Only what is known: an older version's position in its one log means nothing here.
    const known = Object.keys(emptyState());
    return { ...emptyState(), ...without(stored as Record<string, unknown>, (key) => !known.includes(key)) };
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
  /** Counts the changes, and the last one that is on disk. */
  private changes = 0;
  private onDisk = 0;

  constructor(
    private readonly path: string,
    private readonly content: () => State,
    private readonly failed: (e: unknown) => void,
    private readonly delayMs = 1000,
  ) {}

  /** Whether every change is on disk. */
  get written(): boolean {
    return this.changes === this.onDisk;
  }

  /** Something changed that may be lost for a second. */
  touch(): void {
    this.changes += 1;
    this.timer ??= setTimeout(() => void this.settle().catch(this.failed), this.delayMs);
  }

  /** Something changed that must be on disk before anyone is told. */
  async flush(): Promise<void> {
    this.changes += 1;
    return this.settle();
  }

  /** Returns when every change so far is on disk; writes nothing if they are. */
  async settle(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    // One after the other; each writes what is the state when its turn comes.
    this.writing = this.writing.catch(() => undefined).then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const { changes } = this;
    if (this.written) return;
    const temporary = `${this.path}.new`;
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(this.content()));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.path);
    this.onDisk = changes;
  }
}
