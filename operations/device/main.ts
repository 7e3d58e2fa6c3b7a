/**
 * Waits for one device: until its installer has ended (EDGE_WAIT_FOR=installed) or until the installed system has
 * reported that it is healthy (EDGE_WAIT_FOR=ready). Fails with the console's last lines.
 */
import { statSync } from "node:fs";
import { join } from "node:path";

import { x } from "tinyexec";

import { LOCAL_URI } from "../../lib/labHost";
import { ownerElement, OWNER_NAMESPACE } from "../../lib/owner";
import { stateOwner } from "../../lib/stateOwner";
import { consolePath, installState, lastLines, readConsole } from "../../client/console";
import { DepotClient, DepotError, type DeviceRecord } from "../../client/depotClient";
import { LabError } from "../../client/labError";
import { requiredEnv, runProgram } from "../../client/program";
import { sleep } from "../../client/wait";
import { Progress } from "../../client/progress";

/** Without any change on the console for this long a device counts as stuck, seconds. */
const SILENCE_SECONDS = 420;
const POLL_MS = 1000;

interface Target {
  readonly stateDir: string;
  readonly device: string;
}

/** When this device's console was made ready: reports from before are another machine's. */
function enrolledAt({ stateDir, device }: Target): number {
  return statSync(join(stateDir, "console", `${device}.enrolled`)).mtimeMs;
}

function fail({ stateDir, device }: Target, what: string): never {
  const tail = lastLines(readConsole(stateDir, device), 15).map((line) => `  | ${line}`);
  throw new LabError(
    `${device}: ${what}\n  console ${consolePath(stateDir, device)} ends:\n${tail.join("\n")}`,
  );
}

async function ownReport(target: Target, depot: DepotClient): Promise<DeviceRecord | undefined> {
  try {
    const record = (await depot.devices()).find((d) => d.name === target.device);
    const at = record?.receivedAt ? Date.parse(record.receivedAt) : 0;
    return at > enrolledAt(target) ? record : undefined;
  } catch (e) {
    if (e instanceof DepotError) return undefined; // it may be starting again; the wait's own limit decides
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

/** The provider has no argument for a domain's metadata, and any change of its XSLT would install the device anew. */
async function nameOwner({ stateDir, device }: Target): Promise<void> {
  const stack = stateOwner(stateDir, "");
  if (stack === undefined) return;
  const element = ownerElement({ stack, stateDir }).replace(
    /^<edge-lab:owner xmlns:edge-lab="[^"]*"/,
    "<owner",
  );
  const words = ["metadata", device, "--uri", OWNER_NAMESPACE, "--key", "edge-lab", "--set", element];
  const result = await x("virsh", ["-q", "-c", LOCAL_URI, ...words, "--live", "--config"], {
    throwOnError: false,
  });
  if (result.exitCode !== 0)
    fail({ stateDir, device }, `libvirt does not note its owner: ${result.stderr.trim()}`);
}

async function installed(target: Target, depot: DepotClient): Promise<number> {
  await nameOwner(target);
  return poll(target, "install", async (text) => {
    const state = installState(text);
    if (state.kind === "failed") fail(target, `the installation failed: ${state.reason}`);
    if (state.kind === "complete") return { done: true, state: "complete" };
    // An installed device that was already running needs no console to say so.
    if (await ownReport(target, depot)) return { done: true, state: "complete (the device has reported)" };
    return { done: false, state: state.step ?? "switched on" };
  });
}

async function ready(target: Target, depot: DepotClient): Promise<number> {
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

async function main(): Promise<void> {
  const target = { stateDir: requiredEnv("EDGE_STATE_DIR"), device: requiredEnv("EDGE_DEVICE") };
  const depot = new DepotClient(target.stateDir);
  const step = requiredEnv("EDGE_WAIT_FOR");
  const seconds = step === "installed" ? await installed(target, depot) : await ready(target, depot);
  process.stdout.write(`${JSON.stringify({ device: target.device, [step]: true })}\n`);
  process.stderr.write(`${target.device}: ${step} after ${seconds} s\n`);
}

runProgram(main);
