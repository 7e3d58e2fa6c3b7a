import { x } from "tinyexec";

import { LabError } from "../client/labError";
import { sleep, waitFor } from "../client/wait";
import { holdsHealthy } from "./engine/invariants";
import type { Figures, Run, Scenario } from "./engine/scenario";

const LIMIT_SECONDS = 60;
/** How long the devices stay parted, seconds. */
const PARTED_SECONDS = 10;

/** The host's end of a device's network cable. */
async function portOf(run: Run, device: string): Promise<string> {
  const port = /^\s*(\S+)/.exec(await run.lab.virsh("domiflist", device))?.[1];
  if (!port) throw new LabError(`${device} has no network port`);
  return port;
}

/** Ports of a bridge that are isolated reach the host, and not one another (bridge(8)). */
async function isolate(ports: readonly string[], on: boolean): Promise<void> {
  for (const port of ports) {
    const args = ["link", "set", "dev", port, "isolated", on ? "on" : "off"];
    const result = await x("bridge", args, { throwOnError: false });
    if (result.exitCode !== 0) throw new LabError(`bridge ${args.join(" ")}: ${result.stderr.trim()}`);
  }
}

/** The devices that carry the virtual IP, once there are so many of them; else those of the last look. */
async function untilCarried({ lab }: Run, count: number): Promise<string[]> {
  let names: string[] = [];
  await waitFor(LIMIT_SECONDS, async () => {
    names = await lab.carriers();
    return names.length === count;
  });
  return names;
}

/** The devices do not see one another for a while; the host sees both. */
export const partition: Scenario = {
  summary: "the network between the devices is cut, so that each takes the VIP; after it heals one has it",
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
