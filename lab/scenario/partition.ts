import { x } from "tinyexec";

import { askApp } from "../appProbe";
import { LabError, sleep } from "../env";
import { holdsHealthy } from "./invariants";
import type { Figures, Run, Scenario } from "./scenario";

const LIMIT_SECONDS = 60;
/** How long the devices stay parted, seconds. */
const PARTED_SECONDS = 10;

/** The host's end of a device's network cable. */
async function portOf(run: Run, device: string): Promise<string> {
  const { stdout } = await x("virsh", ["-q", "-c", run.lab.input.libvirtUri, "domiflist", device]);
  const port = /^\s*(\S+)/.exec(stdout)?.[1];
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

/** Devices that carry the virtual IP. */
async function carriers({ lab }: Run): Promise<string[]> {
  const all = await Promise.all(
    lab.names.map(async (name) => ({ name, text: (await lab.on(name, "ip -4 -o addr", 20)).stdout })),
  );
  return all.filter((c) => c.text.includes(` ${lab.input.vip}/`)).map((c) => c.name);
}

async function untilCarried(run: Run, count: number): Promise<string[]> {
  const begun = Date.now();
  let names: string[] = [];
  while (Date.now() - begun < LIMIT_SECONDS * 1000) {
    names = await carriers(run);
    if (names.length === count) break;
    await sleep(500);
  }
  return names;
}

/** The devices do not see one another for a while; the host sees both. */
export const partition: Scenario = {
  summary: "the network between the devices is cut, so that each takes the VIP; after it heals one has it",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, base } = run;
    const owner = await lab.owner();
    const ports = await Promise.all(lab.names.map((name) => portOf(run, name)));
    await isolate(ports, true);
    timeline.mark("lab", "parted");
    try {
      const names = await untilCarried(run, lab.names.length);
      timeline.mark("lab", "carry the VIP", names.join(", "));
      invariants.equal("every device takes the VIP while it sees no other", names.length, lab.names.length);
      await sleep(PARTED_SECONDS * 1000);
    } finally {
      await isolate(ports, false);
      timeline.mark("lab", "healed");
    }
    const healed = timeline.seconds;
    const names = await untilCarried(run, 1);
    const seconds = Math.round((timeline.seconds - healed) * 10) / 10;
    timeline.mark("lab", "carries the VIP", names.join(", "));
    invariants.equal("the first owner alone has it afterwards", names, [owner]);
    const answer = await askApp(lab.appUrl);
    invariants.hold("the app answers", answer.ok, answer.ok ? "" : answer.text);
    await holdsHealthy(lab, invariants, base.commit);
    return { "seconds from the healing to one owner": seconds };
  },
};
