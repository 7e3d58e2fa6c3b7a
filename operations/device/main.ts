/**
 * Waits for one device: until its installer has finished (EDGE_WAIT_FOR=installed) or until the installed system
 * reports that it is healthy (EDGE_WAIT_FOR=ready); a device that is off is switched on first. Fails with the console's
 * last lines.
 */
import { statSync } from "node:fs";

import { DepotClient } from "../../client/depotClient";
import { requiredEnv, runProgram } from "../../client/program";
import { enrolledMark } from "../../protocol/paths";
import { recordDefinition, switchOn, type DevicePower } from "./power";
import { installed, ready } from "./waits";

/** Time of this device's enrolment: earlier reports come from another machine. */
function enrolledAt({ stateDir, device }: DevicePower): number {
  return statSync(enrolledMark(stateDir, device)).mtimeMs;
}

async function main(): Promise<void> {
  const device = {
    stateDir: requiredEnv("EDGE_STATE_DIR"),
    device: requiredEnv("EDGE_DEVICE"),
    libvirtUri: requiredEnv("EDGE_LIBVIRT_URI"),
  };
  const step = requiredEnv("EDGE_WAIT_FOR");
  const repairing = process.env["EDGE_DRIFT"] !== undefined;
  const begun = Date.now();
  if (step === "ready" && (await switchOn(device))) {
    process.stderr.write(`${device.device}: was off, is switched on\n`);
  }
  // Reports from before a repair say nothing about the device now.
  const target = { ...device, since: step === "ready" && repairing ? begun : enrolledAt(device) };
  const depot = new DepotClient(target.stateDir);
  const seconds = step === "installed" ? await installed(target, depot) : await ready(target, depot);
  if (step === "ready") await recordDefinition(device);
  process.stdout.write(`${JSON.stringify({ device: target.device, [step]: true })}\n`);
  process.stderr.write(`${target.device}: ${step} after ${seconds} s\n`);
}

runProgram(main);
