/**
 * Takes every device to one commit: waits for a healthy lab, moves the ref, and watches the devices upgrade one at a
 * time (the depot's reboot lock sees to that). A device that turns red ends it: the ref goes back and the program
 * fails with the evidence.
 */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { askApp } from "../appProbe";
import { DepotClient, DepotError, type DeviceRecord } from "../depotClient";
import { LabError, requiredEnv, runProgram, sleep } from "../env";
import { Progress } from "../progress";
import { runOnDevice } from "../ssh";
import { collectEvidence } from "./evidence";
import { PublishedRef } from "./ref";
import { describe, judge } from "./verdict";

const POLL_MS = 1000;
/** A rollout in which no report changes for this long is stuck, seconds: three emulated boots and more. */
const STALL_SECONDS = 600;
/** The lab is healthy soon after its devices are, or something is wrong, seconds. */
const SETTLE_SECONDS = 180;
/** Devices poll by themselves; a nudge only shortens the wait, seconds between two. */
const NUDGE_SECONDS = 45;

const input = z.object({ devices: z.array(z.object({ name: z.string(), address: z.string() })).min(1) });

interface Rollout {
  readonly stateDir: string;
  readonly depot: DepotClient;
  readonly ref: PublishedRef;
  readonly commit: string;
  readonly version: string;
  readonly appUrl: string;
  readonly devices: { name: string; address: string }[];
}

async function reports(depot: DepotClient): Promise<DeviceRecord[]> {
  try {
    return await depot.devices();
  } catch (e) {
    if (e instanceof DepotError) return []; // it restarts by itself; a stall ends the wait
    throw e;
  }
}

/** Every device green, one owner of the virtual IP, the app answering on it. */
async function settle(r: Rollout, why: string): Promise<DeviceRecord[]> {
  const progress = new Progress(why);
  const names = r.devices.map((d) => d.name);
  let app = "not asked yet";
  while (progress.seconds < SETTLE_SECONDS) {
    const all = (await reports(r.depot)).filter((d) => names.includes(d.name));
    const green = all.filter((d) => d.report?.health === "green").length;
    const owners = all.filter((d) => d.report?.vip).map((d) => d.name);
    if (green === names.length && owners.length === 1) {
      const answer = await askApp(r.appUrl);
      if (answer.ok) {
        progress.say(
          `healthy: ${owners[0]} owns the VIP, the app answered in ${answer.seconds.toFixed(1)} s`,
        );
        return all;
      }
      app = answer.text;
    }
    progress.say(
      `${green}/${names.length} devices green, VIP on ${owners.join(" and ") || "no device"}, app: ${app}`,
    );
    await sleep(POLL_MS);
  }
  throw new LabError(
    `${why}: not healthy after ${SETTLE_SECONDS} s: ${describe(await reports(r.depot), names)}; app at ${r.appUrl}: ${app}`,
  );
}

async function nudge(r: Rollout, names: readonly string[]): Promise<void> {
  const start = "sudo systemctl start --no-block edge-update.service";
  await Promise.all(
    r.devices.filter((d) => names.includes(d.name)).map((d) => runOnDevice(r.stateDir, d.address, start, 20)),
  );
}

async function watch(r: Rollout): Promise<void> {
  const names = r.devices.map((d) => d.name);
  const progress = new Progress(`rollout of ${r.version}`, 30);
  let seen = "";
  let changedAt = Date.now();
  let nudgedAt = 0;
  for (;;) {
    const all = await reports(r.depot);
    const verdict = judge(all, names, r.commit);
    const state = describe(all, names);
    progress.say(state);
    if (verdict.kind === "done") return;
    if (verdict.kind === "failed") {
      const { device, what } = verdict;
      throw new LabError(
        await collectEvidence(r.stateDir, { device, commit: r.commit, version: r.version, what }),
      );
    }
    if (state !== seen) {
      seen = state;
      changedAt = Date.now();
    }
    if (Date.now() - changedAt > STALL_SECONDS * 1000) {
      const device = verdict.waitingFor[0];
      if (!device) throw new LabError(`rollout of ${r.version}: no device reports; is the depot up?`);
      const what = `nothing new for ${STALL_SECONDS} s: ${state}`;
      throw new LabError(
        await collectEvidence(r.stateDir, { device, commit: r.commit, version: r.version, what }),
      );
    }
    if (Date.now() - nudgedAt > NUDGE_SECONDS * 1000) {
      nudgedAt = Date.now();
      const idle = verdict.waitingFor.filter(
        (d) => !d.report?.updatePhase || d.report.updatePhase === "idle",
      );
      await nudge(
        r,
        idle.map((d) => d.name),
      );
    }
    await sleep(POLL_MS);
  }
}

async function main(): Promise<void> {
  const stateDir = requiredEnv("EDGE_STATE_DIR");
  const rollout: Rollout = {
    stateDir,
    depot: new DepotClient(stateDir),
    ref: new PublishedRef(stateDir, requiredEnv("EDGE_REF")),
    commit: requiredEnv("EDGE_COMMIT"),
    version: requiredEnv("EDGE_VERSION"),
    appUrl: requiredEnv("EDGE_APP_URL"),
    devices: input.parse(JSON.parse(readFileSync(0, "utf8"))).devices,
  };
  let states = await settle(rollout, "lab");
  const before = await rollout.ref.current();
  await rollout.depot.startRollout(rollout.commit, rollout.version);
  if (before !== rollout.commit) await rollout.ref.move(rollout.commit);
  try {
    await watch(rollout);
    states = await settle(rollout, `lab on ${rollout.version}`);
  } catch (e) {
    if (before !== rollout.commit) {
      await rollout.ref.move(before);
      process.stderr.write(
        `rollout: ${rollout.version} is withdrawn, the ref names ${before.slice(0, 12)} again\n`,
      );
    }
    throw e;
  }
  const result = {
    devices: states
      .map((d) => ({
        name: d.name,
        version: d.report?.booted.version ?? rollout.version,
        commit: d.report?.booted.commit,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

runProgram(main);
