import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** Up to where a log was read: which file it was, and bytes. */
export interface Position {
  readonly inode: number;
  readonly offset: number;
}

const CHUNK = 1 << 18;
/** No line is longer: nginx takes a request line of 4 KiB. What has no end by then is dropped. */
const LONGEST = 1 << 16;

/** One log as it grows: hands on whole lines, each once. */
export class FollowedLog {
  private rest = Buffer.alloc(0);

  private constructor(
    private readonly fd: number,
    private readonly inode: number,
    private offset: number,
  ) {}

  /**
   * Undefined if there is no such file, or if it is anything but a file: its folder is another user's, who may place a
   * link or a pipe there.
   * @param start up to where the log of this name was read before
   */
  static open(path: string, start: Position | undefined): FollowedLog | undefined {
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (e) {
      // Removed meanwhile; a symbolic link; a socket; not for this user.
      if (["ENOENT", "ELOOP", "ENXIO", "EACCES"].includes((e as NodeJS.ErrnoException).code ?? ""))
        return undefined;
      throw e;
    }
    const file = fstatSync(fd);
    if (file.isFile()) return new FollowedLog(fd, file.ino, start?.inode === file.ino ? start.offset : 0);
    closeSync(fd);
    return undefined;
  }

  get position(): Position {
    return { inode: this.inode, offset: this.offset };
  }

  /** Whether all of it was read, and nothing was written since that time, milliseconds since 1970. */
  isComplete(since: number): boolean {
    const { size, mtimeMs } = fstatSync(this.fd);
    return size <= this.offset + this.rest.length && mtimeMs < since;
  }

  /** Reads what there is; cheap when there is nothing. */
  read(onLines: (lines: string[]) => void): void {
    const { size } = fstatSync(this.fd);
    // Somebody emptied it by hand: what comes is new.
    if (size < this.offset) [this.offset, this.rest] = [0, Buffer.alloc(0)];
    if (size <= this.offset + this.rest.length) return;
    const chunk = Buffer.alloc(CHUNK);
    for (;;) {
      const length = readSync(this.fd, chunk, 0, CHUNK, this.offset + this.rest.length);
      if (length === 0) return;
      const data = Buffer.concat([this.rest, chunk.subarray(0, length)]);
      const lines = data.lastIndexOf(0x0a) + 1;
      const end = lines === 0 && data.length > LONGEST ? data.length : lines;
      this.rest = Buffer.from(data.subarray(end));
      this.offset += end;
      if (lines > 0) onLines(data.toString("latin1", 0, lines - 1).split("\n"));
    }
  }

  close(): void {
    closeSync(this.fd);
  }
}
