import type { ClientCounts, Count, Kind } from "./counts";
import { KINDS } from "./counts";
import type { Depot } from "./depot";
import { stateOf, type RolloutState } from "./lease";
import { ageSeconds, type Halt } from "./rollout";
import type { Holder } from "./lock";
import type { Report } from "./report";

/** A device of the lab with its last report; null until it has reported once. */
export interface DeviceView {
  readonly name: string;
  readonly role: string;
  readonly address: string | null;
  readonly receivedAt: string | null;
  readonly ageSeconds: number | null;
  readonly report: Report | null;
}

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

export interface TotalsView extends Count {
  readonly kinds: Record<Kind, Count>;
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

export interface ClientView extends ClientCounts {
  readonly client: string;
  readonly device: string | null;
}

export function clients(depot: Depot): ClientView[] {
  const names = new Map((depot.lab?.devices ?? []).map((d) => [depot.addressOf(d), d.name]));
  return Object.entries(depot.counts.clients).map(([client, counts]) => ({
    client,
    device: names.get(client) ?? null,
    ...counts,
  }));
}

export interface LockView {
  /** Of the group that the lab's devices use, and of any other. */
  readonly holders: (Holder & { readonly group: string })[];
  readonly halted: Halt[];
  /** The rollout that was withdrawn, if the last one was. */
  readonly withdrawn: Pick<RolloutView, "targetCommit" | "version" | "from" | "fromVersion"> | null;
}

export function lock(depot: Depot): LockView {
  const { state, targetCommit, version, from, fromVersion } = rollout(depot);
  return {
    holders: Object.entries(depot.locks).map(([group, holder]) => ({ group, ...holder })),
    halted: Object.values(depot.halts),
    withdrawn: state === "withdrawn" ? { targetCommit, version, from, fromVersion } : null,
  };
}

/** The last rollout, and what became of it. */
export interface RolloutView {
  readonly state: RolloutState | "none";
  readonly id: string | null;
  readonly targetCommit: string | null;
  readonly version: string | null;
  readonly startedAt: string | null;
  /** What the devices ran before, where it can be withdrawn. */
  readonly from: string | null;
  readonly fromVersion: string | null;
}

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

export interface TargetView {
  readonly ref: string | null;
  readonly commit: string | null;
  readonly version: string | null;
  readonly upgradeGate: string | null;
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
export function everything(depot: Depot): object {
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
