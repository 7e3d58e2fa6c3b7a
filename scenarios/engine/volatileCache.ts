/**
 * A disk with a volatile write cache, as real disks have one: nbdkit's cache filter keeps what is written in memory of
 * its own until a flush passes it on to qemu-nbd, which serves the disk image. Killing nbdkit loses the rest.
 *
 * nbdkit's cache filter in write-back mode writes nothing on before a flush, and turns FUA into a flush; a flush that
 * meets errors goes on with the other blocks (nbdkit, filters/cache/cache.c: cache_flush, flush_dirty_block).
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { x } from "tinyexec";

import { LabError } from "../../client/labError";
import { waitFor } from "../../client/wait";

/** What a power cut leaves of the writes that were not flushed: nothing, or about half of them, in no order. */
export type Loss = "all" | "half";

/** Both servers answer within a second on an idle host. */
const START_SECONDS = 60;
/** Time for the disk image to be closed. */
const CLOSE_SECONDS = 60;
/**
 * Unit of the cache, bytes. nbdkit looks at every unit in each flush: for 16 GiB that takes 18 ms with the smallest
 * (4096), 4 ms with this one.
 */
const UNIT_BYTES = 16_384;

/** Where a cache has its files. */
export interface CachePlace {
  /** Disk image, QCOW2. */
  readonly file: string;
  /** Folder for the sockets; its path is short, and QEMU's user may pass through it. */
  readonly sockets: string;
  /** Folder for the cache's content, as large as what the device writes. */
  readonly scratch: string;
  /** Log of both servers. */
  readonly log: string;
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function close(child: ChildProcess, name: string): Promise<void> {
  if (!(await waitFor(CLOSE_SECONDS, () => Promise.resolve(ended(child)), 20)))
    throw new LabError(`${name} has not ended after ${CLOSE_SECONDS} s`);
}

/** One run of the cache, from a power-on to the power-off after it. */
export class VolatileCache {
  private constructor(
    /** For QEMU. */
    readonly socket: string,
    private readonly tearFile: string,
    private readonly cache: ChildProcess,
    private readonly image: ChildProcess,
  ) {}

  /** Socket of a cache in a folder. */
  static socketIn(sockets: string): string {
    return join(sockets, "disk.sock");
  }

  static async start({ file, sockets, scratch, log }: CachePlace): Promise<VolatileCache> {
    const [socket, imageSocket] = [VolatileCache.socketIn(sockets), join(sockets, "image.sock")];
    const [ready, tearFile] = [join(sockets, "ready"), join(sockets, "tear")];
    for (const path of [socket, imageSocket, ready, tearFile]) rmSync(path, { force: true });
    mkdirSync(scratch, { recursive: true });
    const output = openSync(log, "a");
    // Sessions of their own: Ctrl-C ends the scenario, which then switches the device off first.
    const serve = (command: string, args: string[]): ChildProcess => {
      const child = spawn(command, args, {
        detached: true,
        stdio: ["ignore", output, output],
        env: { ...process.env, TMPDIR: scratch },
      });
      child.on("error", () => undefined); // a command that is missing: the wait below says so
      child.unref();
      return child;
    };
    // It ends with its only client, the cache, and closes the image.
    const image = serve("qemu-nbd", [`--socket=${imageSocket}`, "-f", "qcow2", "--cache=unsafe", file]);
    await waitFor(START_SECONDS, () => Promise.resolve(existsSync(imageSocket) || ended(image)), 20);
    const tear = ["pwrite", "zero"].flatMap((call) => [
      `error-${call}-rate=50%`,
      `error-${call}-file=${tearFile}`,
    ]);
    const cache = serve("nbdkit", [
      "--foreground",
      `--pidfile=${ready}`,
      `--unix=${socket}`,
      // Ends with QEMU's connection, also if the scenario was killed before it.
      "--filter=exitlast",
      "--filter=cache",
      "--filter=error",
      "nbd",
      `socket=${imageSocket}`,
      "shared=true",
      "retry=10",
      "cache=writeback",
      `cache-min-block-size=${UNIT_BYTES}`,
      ...tear,
    ]);
    const started = await waitFor(
      START_SECONDS,
      () => Promise.resolve(existsSync(ready) || ended(cache) || ended(image)),
      20,
    );
    if (!started || ended(cache) || ended(image)) {
      cache.kill("SIGKILL");
      image.kill();
      throw new LabError(`nbdkit and qemu-nbd do not serve ${file}; ${log} ends with the reason`);
    }
    return new VolatileCache(socket, tearFile, cache, image);
  }

  /** The power fails: what was not flushed is lost, and the disk answers no more. */
  async cut(loss: Loss): Promise<void> {
    if (loss === "half") {
      // A flush in which every other write fails, and which nobody is told of as done.
      writeFileSync(this.tearFile, "");
      await x(
        "qemu-io",
        ["-f", "raw", "-t", "writeback", "-c", "flush", `nbd+unix:///?socket=${this.socket}`],
        {
          throwOnError: false,
          timeout: 30_000,
        },
      );
    }
    this.cache.kill("SIGKILL");
    await this.ended();
  }

  /** Waits until the image is closed, after the device is off. */
  async ended(): Promise<void> {
    await close(this.cache, "nbdkit");
    await close(this.image, "qemu-nbd");
  }
}
