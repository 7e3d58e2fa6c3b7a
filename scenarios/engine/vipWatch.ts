import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";

import { LabError } from "../../client/labError";
import { sleep, waitFor } from "../../client/wait";
import type { RunningLab } from "./runningLab";
import type { Run } from "./scenario";
import type { Timeline } from "./timeline";

const POLL_MS = 100;
/** Looks between two datagrams to the address: the table forgets an address that nobody talks to. */
const LOOKS = 10;
/** Time to find the first owner. */
const FIRST_SECONDS = 10;
/** The discard port (RFC 863): nothing listens there, and nothing is woken. */
const DISCARD = 9;

/** The hardware address that this host's ARP table (/proc/net/arp) has for an IPv4 address; undefined if none. */
export function arpEntry(table: string, address: string): string | undefined {
  for (const line of table.split("\n").slice(1)) {
    const [ip, , flags, mac] = line.trim().split(/\s+/);
    // Flag 2: the entry is complete.
    if (ip === address && mac !== undefined && (Number(flags) & 2) !== 0) return mac.toLowerCase();
  }
  return undefined;
}

/** The hardware address in `virsh domiflist`. */
async function macOf(lab: RunningLab, device: string): Promise<string> {
  const mac = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/i.exec(await lab.virsh("domiflist", device))?.[0];
  if (mac === undefined) throw new LabError(`${device} has no network port`);
  return mac.toLowerCase();
}

/**
 * Follows which device has the virtual IP as the host's network sees it: a new owner announces itself by gratuitous
 * ARP. Costs the devices nothing and sees what is too short for a report; the kernel takes one change a second.
 */
export class VipWatch {
  /** Each owner in turn, the first one at the start. */
  readonly owners: string[] = [];
  private readonly socket = createSocket("udp4");
  private running = true;
  private loop: Promise<void> = Promise.resolve();

  private constructor(
    private readonly lab: RunningLab,
    private readonly timeline: Timeline,
    private readonly names: ReadonlyMap<string, string>,
  ) {}

  /** Starts watching, and returns once the first owner is known. It ends with the scenario, if not before. */
  static async start({ lab, timeline, undo }: Run): Promise<VipWatch> {
    const names = new Map<string, string>();
    for (const name of lab.names) names.set(await macOf(lab, name), name);
    const watch = new VipWatch(lab, timeline, names);
    // An answer that nothing listens there, or that the address is gone, is none that matters.
    watch.socket.on("error", () => undefined);
    watch.loop = watch.follow();
    undo.add(() => watch.stop());
    const found = await waitFor(FIRST_SECONDS, () => Promise.resolve(watch.owner !== ""), POLL_MS);
    if (found) return watch;
    throw new LabError(`no device of this lab answers for ${lab.input.vip} in the host's network`);
  }

  /** The device that has the address now; empty if the host does not know. */
  get owner(): string {
    return this.owners[this.owners.length - 1] ?? "";
  }

  /** How often the address has moved. */
  get moves(): number {
    return Math.max(0, this.owners.length - 1);
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    await this.loop;
    this.socket.close();
  }

  private async follow(): Promise<void> {
    for (let n = 0; this.running; n++) {
      if (n % LOOKS === 0) this.socket.send("", DISCARD, this.lab.input.vip, () => undefined);
      this.look();
      await sleep(POLL_MS);
    }
  }

  private look(): void {
    const mac = arpEntry(readFileSync("/proc/net/arp", "utf8"), this.lab.input.vip);
    const owner = this.names.get(mac ?? "");
    if (owner === undefined || owner === this.owner) return;
    this.owners.push(owner);
    if (this.owners.length > 1) this.timeline.mark(owner, "has taken the VIP");
  }
}
