/** Waits for a device: each fails with the console's last lines. */
import { installState, lastLines, readConsole } from "../../client/console";
import { DepotError, type DepotClient } from "../../client/depotClient";
import { LabError } from "../../client/labError";
import { sleep } from "../../client/wait";
import { Progress } from "../../client/progress";
import { consoleLog } from "../../protocol/paths";
import type { DeviceView } from "../../protocol/status";
import { nameOwner, type DevicePower } from "./power";

/** A device whose console does not change for this long is stuck, seconds. */
const SILENCE_SECONDS = 420;
const POLL_MS = 1000;

/** A device to wait for. */
export interface Target extends DevicePower {
  /** Earlier reports do not count: they come from another machine, or from before the power-on. */
  readonly since: number;
}

function fail({ stateDir, device }: DevicePower, what: string): never {
  const tail = lastLines(readConsole(stateDir, device), 15).map((line) => `  | ${line}`);
  throw new LabError(
    `${device}: ${what}\n  console ${consoleLog(stateDir, device)} ends:\n${tail.join("\n")}`,
  );
}

async function ownReport(target: Target, depot: DepotClient): Promise<DeviceView | undefined> {
  try {
    const record = (await depot.devices()).find((d) => d.name === target.device);
    const at = record?.receivedAt ? Date.parse(record.receivedAt) : 0;
    return at > target.since ? record : undefined;
  } catch (e) {
    if (e instanceof DepotError) return undefined; // it may be restarting; the wait's own limit decides
    throw e;
  }
}

async function poll(
  target: Target,
  label: string,
  step: (text: string) => Promise<{ done: boolean; state: string }>,
): Promise<number> {
  const progress = new Progress(`${target.device} ${label}`);
  let silentSince = Date.now();
  let length = -1;
  for (;;) {
    const text = readConsole(target.stateDir, target.device);
    if (text.length !== length) {
      length = text.length;
      silentSince = Date.now();
    }
    const { done, state } = await step(text);
    progress.say(state);
    if (done) return progress.seconds;
    if (Date.now() - silentSince > SILENCE_SECONDS * 1000) {
      fail(target, `${state}; nothing on the console for ${SILENCE_SECONDS} s`);
    }
    await sleep(POLL_MS);
  }
}

/** Waits until the installer has finished. Returns the seconds that it took. */
export async function installed(target: Target, depot: DepotClient): Promise<number> {
  await nameOwner(target);
  return poll(target, "install", async (text) => {
    const state = installState(text);
    if (state.kind === "failed") fail(target, `the installation failed: ${state.reason}`);
    if (state.kind === "complete") return { done: true, state: "complete" };
    // An already installed, running device has reported: the console does not matter.
    if (await ownReport(target, depot)) return { done: true, state: "complete (the device has reported)" };
    return { done: false, state: state.step ?? "switched on" };
  });
}

/** Waits until the device reports that it is healthy. Returns the seconds that it took. */
export async function ready(target: Target, depot: DepotClient): Promise<number> {
  return poll(target, "boot", async (text) => {
    const record = await ownReport(target, depot);
    const report = record?.report;
    if (report?.health === "green") {
      return {
        done: true,
        state: `healthy on ${report.booted.version ?? report.booted.commit.slice(0, 12)}`,
      };
    }
    if (report?.health === "red") {
      const failed = report.failed[report.failed.length - 1];
      fail(
        target,
        `unhealthy: ${failed?.check ?? "a required check failed"}: ${failed?.output ?? "see its journal"}`,
      );
    }
    if (report) return { done: false, state: "up, health checks are running" };
    return {
      done: false,
      state: /systemd\[1\]|Welcome to|login:/.test(text.slice(-4000)) ? "booting" : "starting",
    };
  });
}
