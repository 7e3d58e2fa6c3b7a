import { omit, own } from "./records";

/** Who may reboot now. One slot a group. */
export interface Holder {
  /** The id that the client gave, opaque as in the FleetLock protocol. */
  readonly id: string;
  /** The lab's device that it came from. */
  readonly device: string;
  /** ISO 8601. */
  readonly since: string;
}
export type Locks = Readonly<Record<string, Holder>>;

/** A refusal as FleetLock clients print it. */
export interface Refusal {
  readonly kind: string;
  readonly value: string;
}

export interface Decision {
  readonly locks: Locks;
  readonly refusal?: Refusal;
}

/** Takes the group's slot; whoever has it already keeps it (a client that crashed after the answer asks again). */
export function take(locks: Locks, group: string, who: Holder): Decision {
  const holder = own(locks, group);
  if (holder && !same(holder, who)) {
    return {
      locks,
      refusal: { kind: "failed_lock", value: `${holder.device} holds the reboot lock since ${holder.since}` },
    };
  }
  return { locks: holder ? locks : { ...locks, [group]: who } };
}

/** Gives the slot back; from anyone but its holder it changes nothing, and is no error: a steady state is steady. */
export function release(locks: Locks, group: string, who: Pick<Holder, "id" | "device">): Locks {
  const holder = own(locks, group);
  if (!holder || !same(holder, who)) return locks;
  return omit(locks, (name) => name === group);
}

function same(a: Pick<Holder, "id" | "device">, b: Pick<Holder, "id" | "device">): boolean {
  return a.id === b.id && a.device === b.device;
}
