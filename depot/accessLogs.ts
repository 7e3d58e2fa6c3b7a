import { readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";

import { FollowedLog, type Position } from "./followedLog";
import { entry, without } from "./records";

/** How far each log was counted, by its name: the inode of one that was removed is soon another's. */
export type Positions = Readonly<Record<string, Position>>;

/**
 * A log that is over and was not written to for longer than this is complete: nginx looks every 5 s whether the log that
 * it has open is still there (assets/host/lib/depot-web.sh), and a request takes the time of its end.
 */
const QUIET_MS = 60_000;
/** Logs that are read at the same time; the others wait until these are over. */
const OPEN_LOGS = 64;

/** Name of the log that nginx writes at this time. */
export function logOf(time: Date): string {
  return `${time.toISOString().slice(0, "2026-01-01T00:00".length)}.log`;
}

/**
 * nginx's access logs, one a minute in a folder of their own. Hands on each line once, across restarts of the reader and
 * of the writer, and removes what is read, so that nobody needs to tell nginx to open another log.
 */
export class AccessLogs {
  private readonly open = new Map<string, FollowedLog>();

  constructor(
    private readonly folder: string,
    /** Of the logs that were not opened yet. */
    private waiting: Positions,
    private readonly onLines: (lines: string[]) => void,
  ) {}

  /** Up to where the lines were handed on. */
  get positions(): Positions {
    return {
      ...this.waiting,
      ...Object.fromEntries([...this.open].map(([name, log]) => [name, log.position])),
    };
  }

  /** Reads what there is; cheap when there is nothing. */
  poll(): void {
    const names = this.names().filter((name) => !this.open.has(name));
    for (const name of names.splice(0, OPEN_LOGS - this.open.size)) {
      const log = FollowedLog.open(join(this.folder, name), entry(this.waiting, name));
      if (log) this.open.set(name, log);
    }
    this.waiting = without(this.waiting, (name) => !names.includes(name));
    for (const log of this.open.values()) log.read(this.onLines);
  }

  /** Removes the logs that are over. Call it when `positions` of a poll before are on disk, with the counts. */
  removeRead(now = Date.now()): void {
    const there = new Set(this.names());
    // Names compare as times do. A clock that was set back makes nginx write to a log again that seemed to be over.
    const since = now - QUIET_MS;
    const current = logOf(new Date(since));
    for (const [name, log] of this.open) {
      if (there.has(name) && (name >= current || !log.isComplete(since))) continue;
      if (there.has(name)) unlinkSync(join(this.folder, name));
      log.close();
      this.open.delete(name);
    }
  }

  close(): void {
    for (const log of this.open.values()) log.close();
    this.open.clear();
  }

  private names(): string[] {
    try {
      return readdirSync(this.folder)
        .filter((name) => name.endsWith(".log"))
        .sort();
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === "ENOENT") return []; // nginx's folder is made by apply
      throw e;
    }
  }
}
