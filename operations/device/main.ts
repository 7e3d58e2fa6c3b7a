/**
 * Waits for one device: until its installer has finished (EDGE_WAIT_FOR=installed) or until the installed system
 * reports that it is healthy (EDGE_WAIT_FOR=ready); a device that is off is switched on first, and one whose memory or
 * CPUs have changed is restarted. Fails with the console's last lines.
 */
import { statSync } from "node:fs";

import { DepotClient } from "../../client/depotClient";
import { pinHostKey } from "../../client/hostKey";
import { requiredEnv, runProgram } from "../../client/program";
import { enrolledMark } from "../../protocol/paths";
import { recordDefinition, switchOn, type DevicePower } from "./power";
import { restartWith, toOwnDisk, type Reachable } from "./restart";
import { installed, ready } from "./waits";
import { print, printError } from "../../client/terminal";

/** Time of this device's enrolment: earlier reports come from another machine. */
function enrolledAt({ stateDir, device }: DevicePower): number {
  return statSync(enrolledMark(stateDir, device)).mtimeMs;
}

/** Switches the device on, or restarts it if its memory or CPUs have changed; then it must be healthy. */
async function makeReady(device: Reachable, depot: DepotClient): Promise<number> {
  const moved = await toOwnDisk(device);
  const wasOff = await switchOn(device);
  if (wasOff) printError(`${device.device}: was off, is switched on\n`);
  const hardware = {
    memoryMiB: Number(requiredEnv("EDGE_MEMORY_MIB")),
    vcpus: Number(requiredEnv("EDGE_VCPUS")),
  };
  const restarted = moved || wasOff || (await restartWith(hardware, device));
  // Reports from before a restart or a repair say nothing about the device now.
  const anew = restarted || process.env["EDGE_DRIFT"] !== undefined;
  const seconds = await ready({ ...device, since: anew ? Date.now() : enrolledAt(device) }, depot);
  await recordDefinition(device);
  return seconds;
}

async function main(): Promise<void> {
  const device = {
    stateDir: requiredEnv("EDGE_STATE_DIR"),
    device: requiredEnv("EDGE_DEVICE"),
    address: requiredEnv("EDGE_ADDRESS"),
    libvirtUri: requiredEnv("EDGE_LIBVIRT_URI"),
  };
  const step = requiredEnv("EDGE_WAIT_FOR");
  const depot = new DepotClient(device.stateDir);
  const seconds =
    step === "installed"
      ? await installed({ ...device, since: enrolledAt(device) }, depot)
      : await makeReady(device, depot);
  pinHostKey(device);
  print(`${JSON.stringify({ device: device.device, [step]: true })}\n`);
  printError(`${device.device}: ${step} after ${seconds} s\n`);
}

runProgram(main);
