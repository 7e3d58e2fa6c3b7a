import { DepotError, type DepotClient, type DeviceRecord } from "../../client/depotClient";
import { runOnDevice } from "../../client/ssh";

/** Devices that take part in a rollout, and who knows how they are. */
export interface Fleet {
  readonly stateDir: string;
  readonly depot: DepotClient;
  readonly devices: readonly { readonly name: string; readonly address: string }[];
  /** URL of the app on the virtual IP. */
  readonly appUrl: string;
}

/** What the devices said last; none while the depot is away, which restarts by itself: a stall ends the wait. */
export async function reports(depot: DepotClient): Promise<DeviceRecord[]> {
  try {
    return await depot.devices();
  } catch (e) {
    if (e instanceof DepotError) return [];
    throw e;
  }
}

/** Devices poll by themselves; this only shortens the wait. A device that cannot be reached is left to its timer. */
export async function nudge(fleet: Fleet, names: readonly string[], seconds = 20): Promise<void> {
  const start = "sudo systemctl start --no-block edge-update.service";
  const chosen = fleet.devices.filter((d) => names.includes(d.name));
  await Promise.all(chosen.map((d) => runOnDevice(fleet.stateDir, d.address, start, seconds)));
}

/** Of these devices, those that do nothing about an update. */
export function idle(devices: readonly DeviceRecord[]): string[] {
  return devices.filter((d) => !d.report?.updatePhase || d.report.updatePhase === "idle").map((d) => d.name);
}
