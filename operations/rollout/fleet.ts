import { DepotError, type DepotClient } from "../../client/depotClient";
import { runOnDevice } from "../../client/ssh";
import { UPDATE_SERVICE } from "../../protocol/names";
import type { DeviceView } from "../../protocol/status";

/** Devices that take part in a rollout, and the depot that knows their state. */
export interface Fleet {
  readonly stateDir: string;
  readonly depot: DepotClient;
  readonly devices: readonly { readonly name: string; readonly address: string }[];
  /** URL of the app on the virtual IP. */
  readonly appUrl: string;
}

/** The devices' last reports; none while the depot is down. It restarts by itself, and a stall ends the wait. */
export async function reports(depot: DepotClient): Promise<DeviceView[]> {
  try {
    return await depot.devices();
  } catch (e) {
    if (e instanceof DepotError) return [];
    throw e;
  }
}

/** Nudges devices to shorten the wait; they also poll by themselves. An unreachable device is left to its timer. */
export async function nudge(fleet: Fleet, names: readonly string[], seconds = 20): Promise<void> {
  const start = `sudo systemctl start --no-block ${UPDATE_SERVICE}`;
  const chosen = fleet.devices.filter((d) => names.includes(d.name));
  await Promise.all(chosen.map((d) => runOnDevice(fleet.stateDir, d.address, start, seconds)));
}

/** Those of the devices that are not busy with an update. */
export function idle(devices: readonly DeviceView[]): string[] {
  return devices.filter((d) => !d.report?.updatePhase || d.report.updatePhase === "idle").map((d) => d.name);
}
