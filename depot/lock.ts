import type { Holder } from "../protocol/fleetLock";
import type { Refusal } from "../protocol/refusal";
import { entry, without } from "./records";

/** Who may reboot now, by group: one slot each. */
export type Locks = Readonly<Record<string, Holder>>;

export interface Decision {
  readonly locks: Locks;
  readonly refusal?: Refusal;
}

/** Takes the group's slot; whoever has it already keeps it (a client that crashed after the answer asks again). */
export function take(locks: Locks, group: string, who: Holder): Decision {
  const holder = entry(locks, group);
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
  const holder = entry(locks, group);
  if (!holder || !same(holder, who)) return locks;
  return without(locks, (name) => name === group);
}

function same(a: Pick<Holder, "id" | "device">, b: Pick<Holder, "id" | "device">): boolean {
  return a.id === b.id && a.device === b.device;
}
