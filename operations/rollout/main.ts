/**
 * Takes every device to one commit: waits for a healthy lab, moves the ref, and watches the devices upgrade one at a
 * time (the depot's reboot lock ensures that). If the commit fails on a device or cannot be taken, the ref moves back and
 * the program fails with the evidence. The ref also moves back if somebody ends this program; if the program cannot
 * react, the depot notices, because it gets a sign of life every few seconds.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import { z } from "zod";

import { scaleToZero } from "../../client/scaleToZero";
import { DepotClient } from "../../client/depotClient";
import { Interrupted, interruption } from "../../client/interruption";
import { LabError } from "../../client/labError";
import { requiredEnv, runInterruptible } from "../../client/program";
import { sleep } from "../../client/wait";
import { Progress } from "../../client/progress";
import type { DeviceView } from "../../protocol/status";
import { collectEvidence } from "./evidence";
import { Fetched } from "./fetched";
import { idle, nudge, reports, type Fleet } from "./fleet";
import { Marker, type Unfinished } from "./marker";
import { PublishedRef } from "./ref";
import { settle } from "./settle";
import { describe, judge, type Goal } from "./verdict";
import { Watch } from "./watch";
import { endUnfinished, withdrawOwn } from "./withdrawal";
import { print, printError } from "../../client/terminal";

const POLL_MS = 1000;
/**
 * A rollout without a changed report for this long is stuck, seconds: more than three attempts that a watchdog ends on a
 * slow host, and the boot back.
 */
const STALL_SECONDS = 1800;
/** Seconds between two nudges. */
const NUDGE_SECONDS = 45;

const input = z.object({ devices: z.array(z.object({ name: z.string(), address: z.string() })).min(1) });

interface Rollout extends Fleet {
  readonly ref: PublishedRef;
  readonly refName: string;
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
  if (verdict.kind === "failed")
    await fail(
      r,
      verdict.device,
      `${verdict.what}; it is not tried again; fix: npm run lab -- retry ${verdict.device.name}`,
    );
}

/** Ends what an earlier rollout left; the ref is back where it was. */
async function endLeftOver(r: Rollout): Promise<void> {
  const left = new Marker(r.stateDir).read();
  if (!left) return;
  const ended = await endUnfinished(r.stateDir, r.depot, left);
  if (ended === "another") throw new LabError(`rollout of ${left.version}: another run watches it`);
  printError(`rollout: that of ${left.version}, which was interrupted before, is ${ended}\n`);
}

/** Names the devices that an interrupted rollout has already updated. */
async function sayWhoIsPast(r: Rollout): Promise<void> {
  const there = (await reports(r.depot)).filter((d) => d.report?.booted.commit === r.goal.commit);
  const names = there.map((d) => d.name).filter((name) => r.devices.some((d) => d.name === name));
  if (names.length === 0 || names.length === r.devices.length) return;
  printError(
    `rollout of ${r.version}: ${names.join(", ")} already ${names.length > 1 ? "run" : "runs"} it\n`,
  );
}

async function upgrade(r: Rollout, fetched: Fetched): Promise<DeviceView[]> {
  await watch(r);
  const states = await settle(r, `lab on ${r.version}`);
  for (const { device, files, bytes } of await fetched.byDevice()) {
    printError(`rollout of ${r.version}: ${device} fetched ${files} files, ${bytes} bytes\n`);
  }
  return states;
}

/** If the ref already names the commit, there is nothing to move and nothing to withdraw. */
async function watchOnly(r: Rollout, interrupted: Promise<never>): Promise<DeviceView[]> {
  const fetched = await Fetched.since(r.depot);
  await r.depot.startRollout(r.goal.commit, r.version);
  return Promise.race([interrupted, upgrade(r, fetched)]);
}

/** A signal to the whole process group also ends the children that this program waits for, which may show first. */
async function wasInterrupted(e: unknown, interrupted: Promise<never>): Promise<Interrupted | undefined> {
  if (e instanceof Interrupted) return e;
  const late = await Promise.race([interrupted, sleep(200)]).catch((why: unknown) => why);
  return late instanceof Interrupted ? late : undefined;
}

async function moveAndWatch(r: Rollout, before: string, interrupted: Promise<never>): Promise<DeviceView[]> {
  const { commit: targetCommit } = r.goal;
  const unfinished: Unfinished = {
    id: randomUUID(),
    ref: r.refName,
    version: r.version,
    targetCommit,
    from: before,
  };
  const fetched = await Fetched.since(r.depot);
  const marker = new Marker(r.stateDir);
  const beat = await Watch.begin(r.depot, unfinished, marker);
  const moving = r.ref.move(targetCommit);
  try {
    const states = await Promise.race([interrupted, beat.over, moving.then(() => upgrade(r, fetched))]);
    await r.depot.endRollout(unfinished.id, "done");
    marker.remove();
    return states;
  } catch (e) {
    await moving.catch(() => undefined); // one move of the ref at a time
    const why = await wasInterrupted(e, interrupted);
    if (why) throw new LabError(`${why.message}: ${await withdrawOwn(r, unfinished)}`);
    if ((await r.ref.current()) === targetCommit) await r.ref.move(before);
    printError(`rollout: ${r.version} is withdrawn, the ref names ${before.slice(0, 12)} again\n`);
    await r.depot.endRollout(unfinished.id, "failed");
    marker.remove();
    throw e;
  } finally {
    beat.stop();
  }
}

async function rollOut(interrupted: Promise<never>): Promise<void> {
  const stateDir = requiredEnv("EDGE_STATE_DIR");
  const depot = new DepotClient(stateDir);
  const refName = requiredEnv("EDGE_REF");
  const rollout: Rollout = {
    stateDir,
    depot,
    ref: new PublishedRef(stateDir, refName),
    refName,
    goal: { commit: requiredEnv("EDGE_COMMIT"), gateOpen: (await depot.target()).upgradeGate === "open" },
    version: requiredEnv("EDGE_VERSION"),
    appUrl: requiredEnv("EDGE_APP_URL"),
    devices: input.parse(JSON.parse(readFileSync(0, "utf8"))).devices,
  };
  await endLeftOver(rollout);
  await Promise.race([interrupted, settle(rollout, "lab")]);
  await refuseKnownFailure(rollout);
  await sayWhoIsPast(rollout);
  const before = await rollout.ref.current();
  const states =
    before === rollout.goal.commit
      ? await watchOnly(rollout, interrupted)
      : await moveAndWatch(rollout, before, interrupted);
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
  print(`${JSON.stringify(result)}\n`);
}

runInterruptible(async () => {
  const interrupted = interruption();
  await rollOut(interrupted).catch((e: unknown) => {
    if (!(e instanceof Interrupted)) throw e;
    throw new LabError(`${e.message}: no ref was moved by this run; the next \`up\` goes on`);
  });
});
