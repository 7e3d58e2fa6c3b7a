/**
 * Waits until every device has the app's image and the virtual IP's owner serves it. Nudges the devices to check the
 * tag, and fails with the device's own message if one rejects the image or does not get it in time.
 */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { askApp, type AppAnswer } from "../../client/appProbe";
import { scaleToZero } from "../../client/scaleToZero";
import { DepotClient } from "../../client/depotClient";
import { LabError } from "../../client/labError";
import { requiredEnv, runProgram } from "../../client/program";
import { sleep } from "../../client/wait";
import { Progress } from "../../client/progress";
import { APP } from "../../protocol/names";
import { printable } from "../../protocol/text";
import { reports } from "../rollout/fleet";
import { runOnDevice } from "../../client/ssh";
import { readDeviceApp, STATE_COMMAND, type DeviceApp } from "./deviceApp";
import { judgeApp } from "./verdict";
import { print } from "../../client/terminal";

const POLL_MS = 1500;
/** Time limit for fetch, trial and restart on an emulated device that may be booting, seconds. */
const LIMIT_SECONDS = 420;
/** Seconds between two nudges; devices check by themselves four times a minute. */
const NUDGE_SECONDS = 40;
const NUDGE = "systemctl --user start --no-block podman-auto-update.service";
const JOURNAL = `journalctl --user --no-pager -o short-iso -n 40 -u podman-auto-update.service -u ${APP.service}`;

const input = z.object({ devices: z.array(z.object({ name: z.string(), address: z.string() })).min(1) });
type Device = z.infer<typeof input>["devices"][number];

async function stateOf(stateDir: string, device: Device): Promise<DeviceApp> {
  const { exitCode, stdout } = await runOnDevice(stateDir, device.address, STATE_COMMAND, 30);
  return readDeviceApp(device.name, exitCode === 0 ? stdout : "");
}

async function evidence(stateDir: string, device: Device | undefined): Promise<string> {
  if (!device) return "";
  const journal = await runOnDevice(stateDir, device.address, JOURNAL, 60);
  const lines = printable(journal.stdout || journal.stderr)
    .trimEnd()
    .split("\n")
    .slice(-25);
  return `\n  journal of ${device.name} ends:\n${lines.map((line) => `  | ${line}`).join("\n")}`;
}

async function main(): Promise<void> {
  const stateDir = requiredEnv("EDGE_STATE_DIR");
  const digest = requiredEnv("EDGE_DIGEST");
  const appUrl = requiredEnv("EDGE_APP_URL");
  const { devices } = input.parse(JSON.parse(readFileSync(0, "utf8")));
  const depot = new DepotClient(stateDir);
  const progress = new Progress(`app ${requiredEnv("EDGE_RELEASE")}`);
  let nudgedAt = 0;
  for (;;) {
    if (Date.now() - nudgedAt > NUDGE_SECONDS * 1000) {
      nudgedAt = Date.now();
      await Promise.all(devices.map((d) => runOnDevice(stateDir, d.address, NUDGE, 30)));
    }
    const owner = (await reports(depot)).find((d) => d.report?.vip)?.name;
    let states = await Promise.all(devices.map((d) => stateOf(stateDir, d)));
    let answer: AppAnswer | undefined;
    if (states.every((s) => s.image === digest)) {
      // Not earlier: the request may start the container, which now is the new one.
      answer = await askApp(appUrl);
      states = await Promise.all(devices.map((d) => stateOf(stateDir, d)));
    }
    const verdict = judgeApp({ states, owner, digest, answered: answer?.ok === true });
    progress.say(verdict.text);
    if (verdict.kind === "served") {
      await scaleToZero({ stateDir, devices, appUrl });
      print(`${JSON.stringify({ digest, owner, seconds: progress.seconds })}\n`);
      return;
    }
    if (verdict.kind === "refused" || progress.seconds > LIMIT_SECONDS) {
      const device = devices.find((d) => d.name === verdict.device);
      const late = verdict.kind === "refused" ? "" : ` after ${LIMIT_SECONDS} s`;
      throw new LabError(
        `app ${requiredEnv("EDGE_RELEASE")} (${digest}) is not served${late}: ${verdict.text}${await evidence(stateDir, device)}`,
      );
    }
    await sleep(POLL_MS);
  }
}

runProgram(main);
