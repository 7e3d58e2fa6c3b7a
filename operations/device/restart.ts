import { LabError } from "../../client/labError";
import { Progress } from "../../client/progress";
import { runOnDevice, UNREACHABLE } from "../../client/ssh";
import { waitFor } from "../../client/wait";
import { deviceProgram } from "../../protocol/paths";
import {
  endPaused,
  isOn,
  onVolatileDisk,
  runningHardware,
  switchOn,
  type DevicePower,
  type Hardware,
} from "./power";
import { printError } from "../../client/terminal";

/** Status of the device's program for "not now, try again". */
const NOT_NOW = 75;
/** Another device may hold the reboot lock for its boot, or a release may be staged; seconds. */
const TURN_SECONDS = 900;
/** Includes the handover of the virtual IP, and the end of the requests that the device has accepted; seconds. */
const SWITCH_OFF_SECONDS = 120;
/** Time for units to stop, seconds. */
const OFF_SECONDS = 300;
/** Time for the servers of a volatile disk to end, seconds. */
const IMAGE_SECONDS = 30;
const PAUSE_MS = 2000;

/** A device that can be reached. */
export interface Reachable extends DevicePower {
  readonly address: string;
}

/** Lets the device switch itself off when it is its turn. */
export async function switchOff(power: Reachable): Promise<void> {
  const { device, stateDir, address } = power;
  const command = `sudo ${deviceProgram("switch-off")}`;
  const progress = new Progress(`${device} restart`);
  const turn = await waitFor(
    TURN_SECONDS,
    async () => {
      const { exitCode, stderr } = await runOnDevice(stateDir, address, command, SWITCH_OFF_SECONDS);
      if (exitCode === 0 || !(await isOn(power))) return true;
      // The connection may end before the program, which has then done its work.
      if (exitCode === UNREACHABLE) return false;
      const why = JSON.stringify(stderr.trim().split("\n").pop() ?? "");
      if (exitCode !== NOT_NOW)
        throw new LabError(`${device} did not switch off: status ${exitCode}: ${why}`);
      progress.say(`waits: ${why}`);
      return false;
    },
    PAUSE_MS,
  );
  if (!turn) throw new LabError(`${device}: not its turn to restart within ${TURN_SECONDS} s`);
  progress.say("switches off");
  if (!(await waitFor(OFF_SECONDS, async () => !(await isOn(power)), PAUSE_MS)))
    throw new LabError(`${device} is not off after ${OFF_SECONDS} s; fix: virsh destroy ${device}`);
}

/**
 * Restarts a device that a killed scenario left on a volatile disk: it hands the virtual IP over and switches itself off
 * when it is its turn. Returns false if it runs on its own disk or is off.
 */
export async function toOwnDisk(power: Reachable): Promise<boolean> {
  if (!(await onVolatileDisk(power))) return false;
  // A disk that ended with the scenario has stopped the device, which answers no more.
  if (!(await endPaused(power))) await switchOff(power);
  // The servers of the volatile disk end after the domain, and keep the image locked until then.
  let refused: unknown;
  const on = await waitFor(IMAGE_SECONDS, () =>
    switchOn(power).catch((e: unknown) => {
      refused = e;
      return false;
    }),
  );
  if (!on) throw refused instanceof Error ? refused : new Error(String(refused));
  printError(`${power.device}: is on its own disk again\n`);
  return true;
}

/**
 * Restarts a device whose definition has changed: it hands the virtual IP over and switches itself off when it is its
 * turn. Returns false if it already runs as it should.
 */
export async function restartWith(wanted: Hardware, power: Reachable): Promise<boolean> {
  if (await toOwnDisk(power)) return true;
  const running = await runningHardware(power);
  if (running?.memoryMiB === wanted.memoryMiB && running.vcpus === wanted.vcpus) return false;
  await switchOff(power);
  await switchOn(power);
  printError(`${power.device}: is switched on with ${wanted.memoryMiB} MiB and ${wanted.vcpus} vcpus\n`);
  return true;
}
