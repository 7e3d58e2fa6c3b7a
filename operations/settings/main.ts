/**
 * Gives a running device what needs no restart: the rest of a disk that has grown, and its settings. Reads these as JSON
 * on stdin, passes them to the device's own program over ssh, and says what has changed.
 */
import { readFileSync } from "node:fs";

import { LabError } from "../../client/labError";
import { DepotClient } from "../../client/depotClient";
import { pinHostKey } from "../../client/hostKey";
import { requiredEnv, runProgram } from "../../client/program";
import { scaleToZero } from "../../client/scaleToZero";
import { runOnDevice, UNREACHABLE } from "../../client/ssh";
import { waitFor } from "../../client/wait";
import { CHANGED, deviceSettingsSchema } from "../../protocol/deviceSettings";
import { deviceProgram } from "../../protocol/paths";
import { print, printError } from "../../client/terminal";

/** Time for a file system to grow. */
const COMMAND_SECONDS = 180;
/** A device may be rebooting into another release. */
const LIMIT_SECONDS = 300;

/** Every device of the lab that has an address. */
async function allDevices(stateDir: string): Promise<{ address: string }[]> {
  const devices = await new DepotClient(stateDir).devices();
  return devices.flatMap(({ address }) => (address === null ? [] : [{ address }]));
}

async function main(): Promise<void> {
  const stateDir = requiredEnv("EDGE_STATE_DIR");
  const device = requiredEnv("EDGE_DEVICE");
  const address = requiredEnv("EDGE_ADDRESS");
  const appUrl = requiredEnv("EDGE_APP_URL");
  const settings = deviceSettingsSchema.parse(JSON.parse(readFileSync(0, "utf8")));
  const input = JSON.stringify(settings);
  const grow = `sudo ${deviceProgram("grow")} </dev/null >/dev/null`;
  const command = `${grow} && sudo ${deviceProgram("settings")}`;
  // The list of known hosts may have been lost since the device was installed.
  pinHostKey({ stateDir, device, address });
  let why = "";
  const answer = await waitFor(LIMIT_SECONDS, async () => {
    const { exitCode, stdout, stderr } = await runOnDevice(
      stateDir,
      address,
      command,
      COMMAND_SECONDS,
      input,
    );
    if (exitCode === 0) return stdout.split("\n");
    why = stderr.trim().split("\n").pop() ?? "";
    if (exitCode !== UNREACHABLE)
      throw new LabError(`${device} did not take its settings: status ${exitCode}: ${JSON.stringify(why)}`);
    return undefined;
  });
  if (!answer)
    throw new LabError(`${device} cannot be reached at ${address}: ${why}; fix: npm run lab -- doctor`);
  const changed = CHANGED.filter((name) => answer.value.includes(name));
  // What runs keeps the idle time that it started with.
  if (changed.includes("idleSeconds"))
    await scaleToZero({ stateDir, devices: [{ address }], appUrl }, await allDevices(stateDir));
  printError(`${device}: ${changed.length > 0 ? `took ${changed.join(", ")}` : "has these settings"}\n`);
  print(`${JSON.stringify({ device, settings: true })}\n`);
}

runProgram(main);
