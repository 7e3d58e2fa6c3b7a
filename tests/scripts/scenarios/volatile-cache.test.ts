import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { waitFor } from "../../../client/wait";
import { VolatileCache, type Loss } from "../../../scenarios/engine/volatileCache";
import { TempDir } from "../../support/tempProject";

const BLOCKS = 64;
const UNIT_KIB = 16;

function run(command: string, ...args: string[]): string {
  const result = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(result.status, 0, `${command}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

describe("scenario power-cut, a disk whose unflushed writes are lost", function () {
  this.timeout(60_000);
  let dir: TempDir;
  let image: string;
  let cache: VolatileCache;
  const guests: ChildProcess[] = [];

  beforeEach(async () => {
    dir = new TempDir();
    image = join(dir.path, "disk.qcow2");
    run("qemu-img", "create", "-q", "-f", "qcow2", image, "256M");
    mkdirSync(join(dir.path, "s"));
    cache = await VolatileCache.start({
      file: image,
      sockets: join(dir.path, "s"),
      scratch: join(dir.path, "scratch"),
      log: join(dir.path, "log"),
    });
  });
  afterEach(async () => {
    await cache.cut("all");
    for (const child of guests.splice(0)) child.kill("SIGKILL");
    dir.remove();
  });

  /** A guest that runs these commands of qemu-io and is then still on. Resolves once they are done. */
  async function guest(...commands: string[]): Promise<{ off: () => void }> {
    const words = [...commands, "read 0 512"].flatMap((c) => ["-c", c]);
    const url = `nbd+unix:///?socket=${cache.socket}`;
    const io = ["qemu-io", "-f", "raw", "-t", "writeback", ...words, "-c", "sleep 60000", url];
    const child = spawn("stdbuf", ["-oL", ...io]);
    guests.push(child);
    let output = "";
    child.stdout.on("data", (d: Buffer) => (output += d.toString()));
    child.stderr.on("data", (d: Buffer) => (output += d.toString()));
    const done = await waitFor(20, () => Promise.resolve(output.includes("read 512/512")), 20);
    assert.ok(done, output);
    return { off: () => child.kill("SIGKILL") };
  }

  /** How many of the units on the disk hold a pattern. */
  function units(pattern: number): number {
    const words = Array.from({ length: BLOCKS }, (_, i) => [
      "-c",
      `read -P ${pattern} ${i * UNIT_KIB}k ${UNIT_KIB}k`,
    ]).flat();
    // Its exit code tells only whether all reads are right.
    const { stdout } = spawnSync("qemu-io", ["-f", "qcow2", "-r", ...words, image], { encoding: "utf8" });
    assert.equal([...stdout.matchAll(/^read /gm)].length, BLOCKS, stdout);
    return BLOCKS - [...stdout.matchAll(/Pattern verification failed/g)].length;
  }

  const size = `${BLOCKS * UNIT_KIB}k`;

  async function cutAfter(loss: Loss, ...commands: string[]): Promise<void> {
    const { off } = await guest(...commands);
    await cache.cut(loss);
    off();
    run("qemu-img", "check", "-q", image);
  }

  it("loses what the disk has taken and not flushed", async () => {
    await cutAfter("all", `write -P 7 0 ${size}`, "flush", `write -P 8 0 ${size}`);
    assert.equal(units(8), 0);
    assert.equal(units(7), BLOCKS);
  });

  it("keeps what was flushed", async () => {
    await cutAfter("all", `write -P 7 0 ${size}`, `write -P 8 0 ${size}`, "flush");
    assert.equal(units(8), BLOCKS);
  });

  it("keeps what was written with FUA", async () => {
    await cutAfter("all", `write -P 7 0 ${size}`, "flush", `write -f -P 8 0 ${size}`);
    assert.equal(units(8), BLOCKS);
  });

  it("loses zeroes too", async () => {
    await cutAfter("all", `write -P 7 0 ${size}`, "flush", `write -z 0 ${size}`);
    assert.equal(units(7), BLOCKS);
  });

  it("can lose about half, whatever was written first", async () => {
    await cutAfter("half", `write -P 7 0 ${size}`, "flush", `write -P 8 0 ${size}`);
    const kept = units(8);
    assert.ok(kept > BLOCKS / 8 && kept < (BLOCKS * 7) / 8, `${kept} of ${BLOCKS}`);
    assert.equal(units(7), BLOCKS - kept);
  });

  it("ends with the guest's connection, also if nobody waits for it", async () => {
    const { off } = await guest(`write -P 7 0 ${size}`, "flush");
    off();
    await cache.ended();
    assert.equal(units(7), BLOCKS);
  });

  it("says where the reason is when it cannot serve the disk", async () => {
    const place = {
      file: join(dir.path, "missing.qcow2"),
      sockets: join(dir.path, "t"),
      scratch: join(dir.path, "scratch"),
      log: join(dir.path, "other.log"),
    };
    mkdirSync(place.sockets);
    await assert.rejects(VolatileCache.start(place), /do not serve .*missing\.qcow2; .*other\.log ends with/);
    assert.ok(existsSync(place.log));
    assert.match(readFileSync(place.log, "utf8"), /missing\.qcow2.*No such file/);
  });
});
