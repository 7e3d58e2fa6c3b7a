/** The depot's answers, by the protocol. */
import { KINDS, type Count, type Kind, type TotalsView } from "../protocol/counts";
import type { LockView, Withdrawn } from "../protocol/fleetLock";
import type { ClientView, DeviceView, RolloutView, Status, TargetView } from "../protocol/status";
import type { Depot } from "./depot";
import { stateOf, withdrawnOf } from "./lease";
import { ageSeconds } from "./rollout";

export function devices(depot: Depot): DeviceView[] {
  return (depot.lab?.devices ?? []).map((device) => {
    const received = depot.received(device.name);
    return {
      name: device.name,
      role: device.role,
      address: depot.addressOf(device),
      receivedAt: received?.receivedAt ?? null,
      ageSeconds: received ? Math.round(ageSeconds(received, depot.now())) : null,
      report: received?.report ?? null,
    };
  });
}

export function totals(depot: Depot): TotalsView {
  const clients = Object.values(depot.counts.clients);
  const sum = (kind: Kind, field: keyof Count): number =>
    clients.reduce((n, c) => n + c.kinds[kind][field], 0);
  const kinds = KINDS.map((kind): [Kind, Count] => [
    kind,
    { files: sum(kind, "files"), bytes: sum(kind, "bytes"), requests: sum(kind, "requests") },
  ]);
  return { ...depot.counts.total, kinds: Object.fromEntries(kinds) as Record<Kind, Count> };
}

export function clients(depot: Depot): ClientView[] {
  const names = new Map((depot.lab?.devices ?? []).map((d) => [depot.addressOf(d), d.name]));
  return Object.entries(depot.counts.clients).map(([client, counts]) => ({
    client,
    device: names.get(client) ?? null,
    ...counts,
  }));
}

/** The last rollout, if it was withdrawn. */
function withdrawn(depot: Depot): Withdrawn | null {
  const last = withdrawnOf(depot.rollout, depot.now());
  if (!last) return null;
  const { targetCommit, version, from = null } = last;
  return { targetCommit, version, from, fromVersion: from && depot.repository.version(from) };
}

export function lock(depot: Depot): LockView {
  return {
    holders: Object.entries(depot.locks).map(([group, holder]) => ({ group, ...holder })),
    halted: Object.values(depot.halts),
    withdrawn: withdrawn(depot),
  };
}

/** The last rollout and its state. */
export function rollout(depot: Depot): RolloutView {
  const last = depot.rollout;
  return {
    state: last ? stateOf(last, depot.now()) : "none",
    id: last?.id ?? null,
    targetCommit: last?.targetCommit ?? null,
    version: last?.version ?? null,
    startedAt: last?.startedAt ?? null,
    from: last?.from ?? null,
    fromVersion: last?.from ? depot.repository.version(last.from) : null,
  };
}

export function target(depot: Depot): TargetView {
  const commit = depot.target();
  return {
    ref: depot.lab?.ref ?? null,
    commit,
    version: commit ? depot.repository.version(commit) : null,
    upgradeGate: depot.lab?.upgradeGate ?? null,
  };
}

/** All of it at once, for the status page. */
export function status(depot: Depot): Status {
  return {
    time: depot.now().toISOString(),
    target: target(depot),
    rollout: depot.rollout && rollout(depot),
    vipOwner: depot.vipOwner() ?? null,
    devices: devices(depot),
    lock: lock(depot),
    totals: totals(depot),
    clients: clients(depot),
  };
}
