import type { RunningLab } from "./runningLab";
import type { Undo } from "./undo";

/** Cuts the power of devices and gives it back. */
export interface PowerSupply {
  /**
   * Cuts a device's power.
   * @returns gives it back; the end of the scenario does so if the caller does not
   */
  cut(device: string): Promise<() => Promise<void>>;
}

/** Power cuts after which the disk has everything that the device wrote: the host keeps it. */
export class PlainPower implements PowerSupply {
  constructor(
    private readonly lab: RunningLab,
    private readonly undo: Undo,
  ) {}

  async cut(device: string): Promise<() => Promise<void>> {
    const powerOn = this.undo.add(() => this.lab.power("start", device));
    await this.lab.power("destroy", device);
    return powerOn;
  }
}
