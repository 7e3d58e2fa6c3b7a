import { closeSync, fstatSync, openSync, readFileSync, readSync, renameSync, statSync } from "node:fs";

/** How far a log is read: which file it was and up to where. */
export interface Position {
  readonly inode: number;
  readonly offset: number;
}

export interface TailOptions {
  readonly path: string;
  /** File with the id of the process that writes the log; it opens the log anew on SIGUSR1. */
  readonly writerPidFile: string;
  /** Called with the whole lines read at once. */
  readonly onLines: (lines: string[]) => void;
  /** A log of this size is put aside and, once read to its end, forgotten. */
  readonly rotateBytes?: number;
}

const CHUNK = 1 << 18;
const ROTATE_BYTES = 8 << 20;
/** nginx flushes its buffer every second: a rotated log that has not grown for longer is complete. */
const QUIET_MS = 3000;

/** Reads a log as it grows, across restarts of the reader and of the writer, each line once. */
export class LogTail {
  private fd: number | undefined;
  private offset = 0;
  private inode = 0;
  private rest = Buffer.alloc(0);
  private grewAt = 0;

  constructor(
    private readonly options: TailOptions,
    private readonly start: Position | null,
  ) {}

  /** Up to where the lines were handed on. */
  get position(): Position | null {
    return this.inode === 0 ? this.start : { inode: this.inode, offset: this.offset };
  }

  /** Reads what there is; cheap when there is nothing. */
  poll(now = Date.now()): void {
    if (this.fd === undefined && !this.open(this.resumePath(), this.start)) return;
    if (this.read()) this.grewAt = now;
    const current = inodeOf(this.options.path);
    if (current === this.inode) {
      if (this.offset > (this.options.rotateBytes ?? ROTATE_BYTES)) this.rotate();
    } else if (current !== undefined && now - this.grewAt > QUIET_MS) {
      this.close();
      this.open(this.options.path, null);
      this.read();
    }
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  /** The reader may have been stopped in the middle of a rotation. */
  private resumePath(): string {
    const rotated = `${this.options.path}.1`;
    return this.start && inodeOf(rotated) === this.start.inode ? rotated : this.options.path;
  }

  private open(path: string, start: Position | null): boolean {
    try {
      this.fd = openSync(path, "r");
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === "ENOENT") return false; // the writer has not started yet
      throw e;
    }
    this.inode = fstatSync(this.fd).ino;
    this.offset = start?.inode === this.inode ? start.offset : 0;
    this.rest = Buffer.alloc(0);
    this.grewAt = Date.now();
    return true;
  }

  private read(): boolean {
    if (this.fd === undefined) return false;
    const { size } = fstatSync(this.fd);
    // Somebody emptied it by hand: what comes is new.
    if (size < this.offset) [this.offset, this.rest] = [0, Buffer.alloc(0)];
    if (size <= this.offset + this.rest.length) return false;
    const chunk = Buffer.alloc(CHUNK);
    for (;;) {
      const length = readSync(this.fd, chunk, 0, CHUNK, this.offset + this.rest.length);
      if (length === 0) return true;
      const data = Buffer.concat([this.rest, chunk.subarray(0, length)]);
      const end = data.lastIndexOf(0x0a) + 1;
      this.rest = Buffer.from(data.subarray(end));
      this.offset += end;
      if (end > 0) this.options.onLines(data.toString("latin1", 0, end - 1).split("\n"));
    }
  }

  private rotate(): void {
    renameSync(this.options.path, `${this.options.path}.1`);
    this.grewAt = Date.now();
    try {
      process.kill(Number(readFileSync(this.options.writerPidFile, "utf8")), "SIGUSR1");
    } catch (e) {
      // A writer that is not there opens the new log when it starts.
      if (!["ENOENT", "ESRCH"].includes((e as NodeJS.ErrnoException).code ?? "")) throw e;
    }
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
