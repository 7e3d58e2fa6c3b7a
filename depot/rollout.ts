import { randomUUID } from "node:crypto";

import type { Halt } from "../protocol/fleetLock";
import type { Lab, Rollout } from "../protocol/lab";
import type { Refusal } from "../protocol/refusal";
import type { Failure } from "../protocol/report";
import { renewed, type StartedRollout } from "./lease";
import type { Received } from "./received";
import { entry } from "./records";

const failureKey = (device: string, f: Failure): string => `${device} ${f.commit} ${f.time ?? ""}`;

/** Begins a rollout: what failed so far is history. */
export function start(
  rollout: Rollout,
  devices: Readonly<Record<string, Received>>,
  now: Date,
): StartedRollout {
  const known = Object.entries(devices).flatMap(([device, { report }]) =>
    report.failed.filter((f) => f.commit === rollout.targetCommit).map((f) => failureKey(device, f)),
  );
  const started = { ...rollout, id: rollout.id ?? randomUUID(), startedAt: now.toISOString(), known };
  return renewed(started, now);
}

/** Whether a device's report ends the rollout of `target`: red while running it, or back from it. */
export function haltBy(
  received: Received,
  target: string | null,
  rollout: StartedRollout | null,
): Halt | undefined {
  const { report } = received;
  if (target === null) return undefined;
  const known = new Set(rollout?.targetCommit === target ? rollout.known : []);
  const failure = report.failed.find((f) => f.commit === target && !known.has(failureKey(report.device, f)));
  const red = report.health === "red" && report.booted.commit === target;
  if (!failure && !red) return undefined;
  return {
    commit: target,
    device: report.device,
    check: failure?.check ?? "health",
    output: failure?.output ?? "the device reports red",
    since: received.receivedAt,
  };
}

/** What the policy looks at. */
export interface Fleet {
  readonly lab: Lab;
  readonly devices: Readonly<Record<string, Received>>;
  /** The commit that devices are told to run. */
  readonly target: string | null;
  /** The commit whose rollout was withdrawn, if the last one was. */
  readonly withdrawn?: string | undefined;
  readonly halts: Readonly<Record<string, Halt>>;
  readonly now: Date;
  readonly staleSeconds: number;
}

export const ageSeconds = (received: Received, now: Date): number =>
  (now.getTime() - Date.parse(received.receivedAt)) / 1000;

/** The device that owns the virtual IP: by the newest report that says so, since an old owner may not know yet. */
export function vipOwner(devices: Readonly<Record<string, Received>>): string | undefined {
  return Object.entries(devices)
    .filter(([, d]) => d.report.vip)
    .sort(([, a], [, b]) => Date.parse(b.receivedAt) - Date.parse(a.receivedAt))[0]?.[0];
}

/** Whether `device` may reboot now as far as the rollout goes; the lock comes after. */
export function mayReboot(device: string, fleet: Fleet): Refusal | undefined {
  const { target } = fleet;
  if (target === null) return undefined;
  // It would reboot into what was withdrawn meanwhile. Clients that report nothing staged are not ours to judge.
  const staged = entry(fleet.devices, device)?.report.staged?.commit;
  if (staged !== undefined && staged !== target) {
    if (staged === fleet.withdrawn) {
      return {
        kind: "rollout_withdrawn",
        value: `the rollout of ${staged.slice(0, 12)} was withdrawn, the target is ${target.slice(0, 12)}`,
      };
    }
    return {
      kind: "not_the_target",
      value: `${device} has staged ${staged.slice(0, 12)}, the target is ${target.slice(0, 12)}`,
    };
  }
  const halt = fleet.halts[target];
  if (halt) {
    return {
      kind: "rollout_halted",
      value: `${halt.device} failed on ${target.slice(0, 12)}: ${halt.check}`,
    };
  }
  if (vipOwner(fleet.devices) !== device) return undefined;
  const waiting = fleet.lab.devices
    .map((d) => d.name)
    .filter((name) => name !== device && !isDone(fleet, name, target));
  if (waiting.length === 0) return undefined;
  return { kind: "vip_owner_last", value: `not yet green on ${target.slice(0, 12)}: ${waiting.join(", ")}` };
}

/**
 * Green on the target, or on a withdrawn commit that it may keep, or dead: a device that has not reported for long
 * blocks nobody.
 */
function isDone(fleet: Fleet, name: string, target: string): boolean {
  const received = entry(fleet.devices, name);
  if (!received || ageSeconds(received, fleet.now) > fleet.staleSeconds) return true;
  const { health, booted } = received.report;
  return health === "green" && [target, fleet.withdrawn].includes(booted.commit);
}
