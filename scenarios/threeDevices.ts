import { sleep, waitFor } from "../client/wait";
import { startClient } from "./engine/clientLoad";
import { derive } from "./engine/derivedRelease";
import { needsDevices } from "./engine/fit";
import { holdsHealthy } from "./engine/invariants";
import { takeTo } from "./engine/publish";
import type { RunningLab } from "./engine/runningLab";
import type { Figures, Run, Scenario } from "./engine/scenario";
import { VipWatch } from "./engine/vipWatch";

const LEAST_DEVICES = 3;
/** Time for all devices, one after the other, without KVM. */
const LIMIT_SECONDS = 1800;
const TAKEOVER_SECONDS = 30;
/** Time for a boot without KVM on a busy host. */
const BOOT_SECONDS = 400;
/** Time for which a new owner must stay the owner. */
const STEADY_SECONDS = 20;

/** The devices in the order in which they take the virtual IP: the primary, then the others as the stack lists them. */
export function takeoverOrder(devices: RunningLab["devices"]): string[] {
  const primary = devices.filter((d) => d.role === "primary");
  return [...primary, ...devices.filter((d) => d.role !== "primary")].map((d) => d.name);
}

/** One device alone carries the virtual IP, and keeps it. */
async function holdsOwner({ lab, invariants }: Run, watch: VipWatch, name: string): Promise<void> {
  await sleep(STEADY_SECONDS * 1000);
  invariants.equal("one device carries the VIP", await lab.carriers(), [name]);
  invariants.equal(`${name} keeps the VIP`, watch.owner, name);
}

/** Cuts the power of one owner after the other, until one device is left: each time the next of the list takes over. */
async function failoverChain(run: Run, watch: VipWatch, order: readonly string[]): Promise<Figures> {
  const { lab, timeline, invariants, undo } = run;
  const figures: Record<string, number | string> = {};
  const powerOn: [string, () => Promise<void>][] = [];
  const moves = watch.moves;
  for (const [i, name] of order.slice(0, -1).entries()) {
    const heir = order[i + 1] ?? "";
    powerOn.push([name, undo.add(() => lab.power("start", name))]);
    await lab.power("destroy", name);
    timeline.mark(name, "power cut");
    const taken = await waitFor(TAKEOVER_SECONDS, () => Promise.resolve(watch.owner !== name), 50);
    invariants.equal(`${name} is gone: who takes the VIP`, watch.owner, heir);
    figures[`seconds until ${heir} had the VIP`] = taken ? Math.round(taken.seconds * 10) / 10 : "never";
    await holdsOwner(run, watch, heir);
  }
  invariants.equal("each loss of power moved the VIP once", watch.moves - moves, order.length - 1);
  // One at a time, the last of the list first: each that comes back is before the one that has the address.
  for (const [name, start] of powerOn.reverse()) {
    await start();
    timeline.mark(name, "power back");
    const back = await waitFor(BOOT_SECONDS, () => Promise.resolve(watch.owner === name));
    invariants.hold(`${name} takes the VIP back`, back !== undefined, `${watch.owner} has it`);
    await holdsOwner(run, watch, name);
  }
  invariants.equal("each return moved it once", watch.moves - moves, 2 * (order.length - 1));
  return figures;
}

/** A release, and the loss of one owner after the other, with three devices or more. */
export const threeDevices: Scenario = {
  summary:
    "with three devices or more: a rollout takes the VIP's owner last; the VIP passes down the list as owners lose power, and back up",
  unfit: needsDevices(LEAST_DEVICES),
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, base } = run;
    const order = takeoverOrder(lab.devices);
    const [first = ""] = order;
    invariants.equal("the primary owns the VIP", await lab.owner(), first);
    const release = await derive(lab, base, "three-devices", {
      files: [{ path: "/usr/share/edge/scenario.txt", content: "This release came to three devices.\n" }],
    });
    const client = startClient(run);
    const watch = await VipWatch.start(run);
    await takeTo(run, release, LIMIT_SECONDS);
    await holdsHealthy(lab, invariants, release.commit);
    const load = await client.stop();
    invariants.equal("no request failed", load.errors, []);
    const rebooted = timeline.events.filter((e) => e.step === "reboot").map((e) => e.subject);
    invariants.equal("each device rebooted once", [...rebooted].sort(), [...lab.names].sort());
    invariants.equal("the owner of the VIP was the last to reboot", rebooted[rebooted.length - 1], first);
    invariants.equal("the VIP went to the second of the list and back", watch.owners, [
      first,
      order[1],
      first,
    ]);

    const figures = await failoverChain(run, watch, order);
    await watch.stop();
    await takeTo(run, base, LIMIT_SECONDS);
    await holdsHealthy(lab, invariants, base.commit);
    return {
      devices: lab.names.length,
      ...figures,
      "requests sent": load.sent,
      "requests failed": load.failed,
      "moves of the VIP": watch.moves,
    };
  },
};
