import { x } from "tinyexec";

import { LabError } from "../client/labError";
import { sleep, waitFor } from "../client/wait";
import { needsDevices } from "./engine/fit";
import { holdsHealthy } from "./engine/invariants";
import type { Figures, Run, Scenario } from "./engine/scenario";

const LIMIT_SECONDS = 60;
/** Duration of the partition, seconds. */
const PARTED_SECONDS = 10;

/** The host-side interface of a device. */
async function portOf(run: Run, device: string): Promise<string> {
  const port = /^\s*(\S+)/.exec(await run.lab.virsh("domiflist", device))?.[1];
  if (!port) throw new LabError(`${device} has no network port`);
  return port;
}

/** Isolated ports of a bridge reach the host but not each other (bridge(8)). */
async function isolate(ports: readonly string[], on: boolean): Promise<void> {
  for (const port of ports) {
    const args = ["link", "set", "dev", port, "isolated", on ? "on" : "off"];
    const result = await x("bridge", args, { throwOnError: false });
    if (result.exitCode !== 0) throw new LabError(`bridge ${args.join(" ")}: ${result.stderr.trim()}`);
  }
}

/** The devices that carry the virtual IP, once there are `count` of them; otherwise those of the last look. */
async function untilCarried({ lab }: Run, count: number): Promise<string[]> {
  let names: string[] = [];
  await waitFor(LIMIT_SECONDS, async () => {
    names = await lab.carriers();
    return names.length === count;
  });
  return names;
}

/** The devices cannot reach each other for a while; the host reaches all of them. */
export const partition: Scenario = {
  summary: "the network between the devices is cut, so that each takes the VIP; after it heals one has it",
  unfit: needsDevices(2),
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, undo, base } = run;
    const owner = await lab.owner();
    const ports = await Promise.all(lab.names.map((name) => portOf(run, name)));
    const heal = undo.add(() => isolate(ports, false));
    await isolate(ports, true);
    timeline.mark("lab", "parted");
    const parted = await untilCarried(run, lab.names.length);
    timeline.mark("lab", "carry the VIP", parted.join(", "));
    invariants.equal("every device takes the VIP while it sees no other", parted.length, lab.names.length);
    await sleep(PARTED_SECONDS * 1000);
    await heal();
    timeline.mark("lab", "healed");
    const healed = timeline.seconds;
    const names = await untilCarried(run, 1);
    const seconds = Math.round((timeline.seconds - healed) * 10) / 10;
    timeline.mark("lab", "carries the VIP", names.join(", "));
    invariants.equal("the first owner alone has it afterwards", names, [owner]);
    await holdsHealthy(lab, invariants, base.commit);
    return { "seconds from the healing to one owner": seconds };
  },
};
