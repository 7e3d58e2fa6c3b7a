import { rmSync } from "node:fs";
import { join } from "node:path";

import { x } from "tinyexec";

import { LabError } from "../../client/labError";
import { isOn } from "../../operations/device/power";
import { switchOff, toOwnDisk, type Reachable } from "../../operations/device/restart";
import { ready } from "../../operations/device/waits";
import { inState } from "../../protocol/paths";
import type { PowerSupply } from "./powerSupply";
import type { RunningLab } from "./runningLab";
import type { Run } from "./scenario";
import type { Loss, VolatileCache } from "./volatileCache";
import { socketFolder, startOnVolatileDisk } from "./volatileDomain";

/** A device that runs on a volatile cache, or is about to. */
interface Taken {
  /** Folder for the cache's sockets. */
  readonly sockets: string;
  /** The device's way off its own disk; never fails. */
  off: Promise<void>;
  cache?: VolatileCache;
}

/**
 * Power cuts that lose what the device's disk was not told to flush. Each device runs from a definition of its own for
 * that time; the lab's stays beside it, and applies again from the next plain start.
 */
export class VolatilePower implements PowerSupply {
  private readonly taken = new Map<string, Taken>();

  /** @param nextLoss what the next cut leaves */
  constructor(
    private readonly run: Run,
    private readonly nextLoss: () => Loss,
  ) {}

  /** Installs what it needs on the host. */
  async prepare(): Promise<void> {
    const { stateDir, builder } = this.run.lab.input;
    const env = { ...process.env, EDGE_STATE_DIR: stateDir, EDGE_BUILDER: builder };
    const result = await x("./assets/host/packages.sh", ["extra"], {
      throwOnError: false,
      nodeOptions: { env, stdio: ["ignore", "pipe", "inherit"] },
    });
    if (result.exitCode !== 0)
      throw new LabError(
        "--lose-unflushed needs nbdkit with its nbd plugin, cache and error filters on the lab's host; fix: install them (the lines above say why that failed)",
      );
  }

  /**
   * Moves a device to a volatile disk and waits until it is healthy.
   * @param off how it goes off its own disk; default: by itself, when it is its turn
   */
  async take(device: string, off = () => switchOff(reachable(this.run.lab, device))): Promise<void> {
    const sockets = await socketFolder(this.run.lab.stateDir);
    const leaving = off();
    const taken: Taken = { sockets, off: leaving.catch(() => undefined) };
    this.taken.set(device, taken);
    this.run.undo.add(() => this.giveBack(device));
    await leaving;
    const since = Date.now();
    await this.start(device, taken);
    this.run.timeline.mark(device, "on a volatile disk");
    await this.healthy(device, since);
  }

  async cut(device: string, loss = this.nextLoss()): Promise<() => Promise<void>> {
    this.run.undo.check();
    const taken = this.taken.get(device);
    if (!taken?.cache) throw new Error(`${device} has no volatile disk`);
    // The disk first: QEMU would flush it when it is ended.
    await taken.cache.cut(loss);
    await this.run.lab.power("destroy", device);
    this.run.timeline.mark(device, "unflushed writes lost", loss);
    return () => this.start(device, taken);
  }

  /** Puts every device back on its own disk. */
  async giveAllBack(): Promise<void> {
    for (const device of [...this.taken.keys()].reverse()) await this.giveBack(device);
  }

  private async giveBack(device: string): Promise<void> {
    const taken = this.taken.get(device);
    if (!taken) return;
    this.taken.delete(device);
    await taken.off;
    const power = reachable(this.run.lab, device);
    if (taken.cache) {
      if (await isOn(power)) await switchOff(power);
      await taken.cache.ended();
    }
    rmSync(taken.sockets, { recursive: true, force: true });
    if (await isOn(power)) return; // it never left its own disk
    const since = Date.now();
    await this.run.lab.power("start", device);
    this.run.timeline.mark(device, "on its own disk");
    await this.healthy(device, since);
  }

  /** Starts a device that is off. */
  private async start(device: string, taken: Taken): Promise<void> {
    const { lab } = this.run;
    if (this.taken.get(device) !== taken) throw new LabError(`${device} is being put back on its own disk`);
    taken.cache = await startOnVolatileDisk((...args) => lab.virsh(...args), device, {
      sockets: taken.sockets,
      scratch: inState(lab.stateDir, "build"),
      log: join(inState(lab.stateDir, "log"), "volatile-disk.log"),
    });
  }

  /** Waits until a device that was switched on at `since` (milliseconds) is healthy. */
  async healthy(device: string, since: number): Promise<void> {
    await ready({ ...reachable(this.run.lab, device), since }, this.run.lab.depot);
  }
}

const reachable = (lab: RunningLab, device: string): Reachable => ({
  stateDir: lab.stateDir,
  libvirtUri: lab.input.libvirtUri,
  device,
  address: lab.device(device).address,
});

/** Puts a device back on its own disk if a scenario that was killed has not. */
export async function leaveVolatileDisk(lab: RunningLab, device: string): Promise<void> {
  const since = Date.now();
  const power = reachable(lab, device);
  if (await toOwnDisk(power)) await ready({ ...power, since }, lab.depot);
}
