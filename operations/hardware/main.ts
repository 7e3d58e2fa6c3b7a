/**
 * Gives a device the memory, virtual CPUs and disk that its definition has. Memory and CPUs take a restart: when it is
 * its turn, the device hands the virtual IP over and switches itself off, and this program switches it on again and
 * waits until it is healthy. A disk that has grown is taken up while the device runs.
 */
import { DepotClient } from "../../client/depotClient";
import { LabError } from "../../client/labError";
import { requiredEnv, runProgram } from "../../client/program";
import { Progress } from "../../client/progress";
import { runOnDevice, type RemoteResult } from "../../client/ssh";
import { waitFor } from "../../client/wait";
import { deviceProgram } from "../../protocol/paths";
import { isOn, runningHardware, switchOn, type DevicePower, type Hardware } from "../device/power";
import { ready } from "../device/waits";

/** Status of the device's program for "not now, try again". */
const NOT_NOW = 75;
/** Another device may hold the reboot lock for its boot, or a release may be staged; seconds. */
const TURN_SECONDS = 900;
/** Time for units to stop, seconds. */
const OFF_SECONDS = 300;
const PAUSE_MS = 2000;

interface Device extends DevicePower {
  readonly address: string;
}

const lastLine = (result: RemoteResult): string =>
  JSON.stringify(result.stderr.trim().split("\n").pop() ?? "");

/** Lets the device switch itself off when it is its turn. */
async function switchOff(device: Device, progress: Progress): Promise<void> {
  const command = `sudo ${deviceProgram("switch-off")}`;
  const turn = await waitFor(
    TURN_SECONDS,
    async () => {
      const result = await runOnDevice(device.stateDir, device.address, command, 120);
      // The connection may end with the device.
      if (result.exitCode === 0 || !(await isOn(device))) return true;
      if (result.exitCode !== NOT_NOW)
        throw new LabError(
          `${device.device} did not switch off: status ${result.exitCode}: ${lastLine(result)}`,
        );
      progress.say(`waits: ${lastLine(result)}`);
      return false;
    },
    PAUSE_MS,
  );
  if (!turn) throw new LabError(`${device.device}: not its turn to restart within ${TURN_SECONDS} s`);
  progress.say("switches off");
  if (!(await waitFor(OFF_SECONDS, async () => !(await isOn(device)), PAUSE_MS)))
    throw new LabError(
      `${device.device} is not off after ${OFF_SECONDS} s; fix: virsh destroy ${device.device}`,
    );
}

async function growDisk(device: Device): Promise<void> {
  const result = await runOnDevice(device.stateDir, device.address, `sudo ${deviceProgram("grow")}`, 300);
  if (result.exitCode !== 0)
    throw new LabError(
      `${device.device} did not take up its disk: status ${result.exitCode}: ${lastLine(result)}`,
    );
  const size = /^(\d+)$/m.exec(result.stdout)?.[1];
  if (size !== undefined) process.stderr.write(`${device.device}: its root has ${size} MiB now\n`);
}

async function main(): Promise<void> {
  const device: Device = {
    stateDir: requiredEnv("EDGE_STATE_DIR"),
    device: requiredEnv("EDGE_DEVICE"),
    address: requiredEnv("EDGE_ADDRESS"),
    libvirtUri: requiredEnv("EDGE_LIBVIRT_URI"),
  };
  const wanted: Hardware = {
    memoryMiB: Number(requiredEnv("EDGE_MEMORY_MIB")),
    vcpus: Number(requiredEnv("EDGE_VCPUS")),
  };
  const running = await runningHardware(device);
  if (running?.memoryMiB !== wanted.memoryMiB || running.vcpus !== wanted.vcpus) {
    if (running !== undefined) await switchOff(device, new Progress(`${device.device} restart`));
    const since = Date.now();
    await switchOn(device);
    const seconds = await ready({ ...device, since }, new DepotClient(device.stateDir));
    process.stderr.write(
      `${device.device}: runs with ${wanted.memoryMiB} MiB and ${wanted.vcpus} vcpus after ${seconds} s\n`,
    );
  }
  await growDisk(device);
  process.stdout.write(`${JSON.stringify({ device: device.device, ...wanted })}\n`);
}

runProgram(main);
