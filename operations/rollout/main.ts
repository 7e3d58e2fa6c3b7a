/**
 * Takes every device to one commit: waits for a healthy lab, moves the ref, and watches the devices upgrade one at a
 * time (the depot's reboot lock ensures that). If a device turns red or cannot take the commit, the ref moves back and
 * the program fails with the evidence.
 */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { scaleToZero } from "../../client/scaleToZero";
import { DepotClient } from "../../client/depotClient";
import { LabError } from "../../client/labError";
import { requiredEnv, runProgram } from "../../client/program";
import { sleep } from "../../client/wait";
import { Progress } from "../../client/progress";
import type { DeviceView } from "../../protocol/status";
import { collectEvidence } from "./evidence";
import { Fetched } from "./fetched";
import { idle, nudge, reports, type Fleet } from "./fleet";
import { PublishedRef } from "./ref";
import { settle } from "./settle";
import { describe, judge, type Goal } from "./verdict";

const POLL_MS = 1000;
/** A rollout without a changed report for this long is stuck, seconds; more than three emulated boots. */
const STALL_SECONDS = 900;
/** Seconds between two nudges. */
const NUDGE_SECONDS = 45;

const input = z.object({ devices: z.array(z.object({ name: z.string(), address: z.string() })).min(1) });

interface Rollout extends Fleet {
  readonly ref: PublishedRef;
  readonly goal: Goal;
  readonly version: string;
}

async function fail(r: Rollout, device: DeviceView, what: string): Promise<never> {
  const { commit } = r.goal;
  throw new LabError(await collectEvidence(r.stateDir, { device, commit, version: r.version, what }));
}

async function watch(r: Rollout): Promise<void> {
  const names = r.devices.map((d) => d.name);
  const progress = new Progress(`rollout of ${r.version}`, 30);
  let seen = "";
  let changedAt = Date.now();
  let nudgedAt = 0;
  for (;;) {
    const all = await reports(r.depot);
    const verdict = judge(all, names, r.goal);
    const state = describe(all, names);
    progress.say(state);
    if (verdict.kind === "done") return;
    if (verdict.kind === "failed") await fail(r, verdict.device, verdict.what);
    if (verdict.kind !== "going") continue;
    if (state !== seen) {
      seen = state;
      changedAt = Date.now();
    }
    if (Date.now() - changedAt > STALL_SECONDS * 1000) {
      const device = verdict.waitingFor[0];
      if (!device) throw new LabError(`rollout of ${r.version}: no device reports; is the depot up?`);
      await fail(r, device, `nothing new for ${STALL_SECONDS} s: ${state}`);
    }
    if (Date.now() - nudgedAt > NUDGE_SECONDS * 1000) {
      nudgedAt = Date.now();
      await nudge(r, idle(verdict.waitingFor));
    }
    await sleep(POLL_MS);
  }
}

/** Fails at once if the commit has failed before: devices would not try it again. */
async function refuseKnownFailure(r: Rollout): Promise<void> {
  const names = r.devices.map((d) => d.name);
  const verdict = judge(await reports(r.depot), names, r.goal);
  if (verdict.kind === "failed") await fail(r, verdict.device, `${verdict.what}; it is not tried again`);
}

async function moveAndWatch(r: Rollout): Promise<DeviceView[]> {
  const before = await r.ref.current();
  const fetched = await Fetched.since(r.depot);
  await r.depot.startRollout(r.goal.commit, r.version);
  try {
    if (before !== r.goal.commit) await r.ref.move(r.goal.commit);
    await watch(r);
    const states = await settle(r, `lab on ${r.version}`);
    for (const { device, files, bytes } of await fetched.byDevice()) {
      process.stderr.write(`rollout of ${r.version}: ${device} fetched ${files} files, ${bytes} bytes\n`);
    }
    return states;
  } catch (e) {
    if (before !== r.goal.commit) {
      await r.ref.move(before);
      process.stderr.write(
        `rollout: ${r.version} is withdrawn, the ref names ${before.slice(0, 12)} again\n`,
      );
    }
    throw e;
  }
}

async function main(): Promise<void> {
  const stateDir = requiredEnv("EDGE_STATE_DIR");
  const depot = new DepotClient(stateDir);
  const rollout: Rollout = {
    stateDir,
    depot,
    ref: new PublishedRef(stateDir, requiredEnv("EDGE_REF")),
    goal: { commit: requiredEnv("EDGE_COMMIT"), gateOpen: (await depot.target()).upgradeGate === "open" },
    version: requiredEnv("EDGE_VERSION"),
    appUrl: requiredEnv("EDGE_APP_URL"),
    devices: input.parse(JSON.parse(readFileSync(0, "utf8"))).devices,
  };
  await settle(rollout, "lab");
  await refuseKnownFailure(rollout);
  const states = await moveAndWatch(rollout);
  await scaleToZero(rollout);
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
