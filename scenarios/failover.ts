import { connect } from "node:net";

import { sleep, waitFor } from "../client/wait";
import { PORTS } from "../protocol/ports";
import { startClient, type LoadResult } from "./engine/clientLoad";
import { needsDevices } from "./engine/fit";
import { holdsHealthy } from "./engine/invariants";
import type { Figures, Run, Scenario } from "./engine/scenario";

const LIMIT_SECONDS = 240;
/** Time around a switch in which requests may still go to a device that no longer has the address. */
const SWITCH_SECONDS = 1.5;

/** Whether the VIP accepts a connection. */
function accepts(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (ok: boolean): void => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
  });
}

/** Probes continuously whether the VIP accepts connections, and remembers when it did. */
class Prober {
  private readonly accepted: number[] = [];
  private running = true;
  private readonly loop: Promise<void>;

  constructor(host: string) {
    this.loop = this.follow(host);
  }

  /** Longest time between two connections so far, seconds, including the time since the last one. */
  get largestGap(): number {
    const times = [...this.accepted, performance.now()];
    return Math.max(0, ...times.slice(1).map((t, i) => t - (times[i] ?? t))) / 1000;
  }

  /** Milliseconds since the last accepted connection; undefined before the first one. */
  get silence(): number | undefined {
    const last = this.accepted[this.accepted.length - 1];
    return last === undefined ? undefined : performance.now() - last;
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
  }

  private async follow(host: string): Promise<void> {
    while (this.running) {
      if (await accepts(host, PORTS.app, 100)) this.accepted.push(performance.now());
      await sleep(20);
    }
  }
}

/** Cuts the owner's power. Returns for how long the VIP accepted no connection, seconds; undefined if it stays away. */
async function takeover(run: Run, owner: string): Promise<number | undefined> {
  const prober = new Prober(run.lab.input.vip);
  run.undo.add(() => prober.stop());
  await sleep(2000);
  await run.lab.power("destroy", owner);
  run.timeline.mark(owner, "power cut");
  const begun = Date.now();
  // libvirt answers late: another device may already have the address.
  await sleep(3000);
  while ((prober.silence ?? Infinity) > 300 && Date.now() - begun < LIMIT_SECONDS * 1000) await sleep(50);
  const gap = prober.largestGap;
  const back = (prober.silence ?? Infinity) <= 300;
  await prober.stop();
  return back ? Math.round(gap * 100) / 100 : undefined;
}

const ownerIs = async (run: Run, name: string): Promise<boolean> =>
  (await run.lab.depot.devices()).every((d) => d.report?.vip === (d.name === name));

/** Failures of requests outside of the switches, each of which lasts from `from` to `to`, seconds. */
function unexcused(load: LoadResult, switches: readonly (readonly [number, number])[]): string[] {
  return load.failures
    .filter((f) => !switches.some(([from, to]) => f.endedAt >= from && f.sentAt <= to))
    .map((f) => `sent at ${f.sentAt.toFixed(1)} s: ${f.error}`);
}

/** The owner of the VIP loses power, then comes back. */
export const failover: Scenario = {
  summary:
    "the VIP's owner loses power under ten requests a second; another device takes over; it comes back",
  // With one device the VIP has nowhere to go.
  unfit: needsDevices(2),
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, undo, base } = run;
    const owner = await lab.owner();
    const client = startClient(run, 10);
    await sleep(5000);
    const powerOn = undo.add(() => lab.power("start", owner));
    const cutAt = client.seconds;
    const seconds = await takeover(run, owner);
    const tookAt = client.seconds;
    timeline.mark("lab", "taken over", seconds === undefined ? "never" : `no connection for ${seconds} s`);
    invariants.hold(
      "another device takes the VIP",
      seconds !== undefined,
      seconds === undefined ? "" : `no connection for ${seconds} s`,
    );
    await sleep(15_000);
    await powerOn();
    timeline.mark(owner, "power back");
    const switches: [number, number][] = [[cutAt, tookAt]];
    const returned = await waitFor(LIMIT_SECONDS, () => ownerIs(run, owner));
    invariants.hold(`${owner} takes the VIP back`, returned !== undefined);
    if (returned) {
      const back = client.seconds;
      timeline.mark(owner, "has the VIP again");
      // The report comes after the switch itself, so this window is wide; the largest gap is the real measure.
      switches.push([back - 20, back]);
    }
    await sleep(5000);
    const load = await client.stop();
    const failedAtReturn = load.failures.filter((f) => f.sentAt > tookAt).length;
    invariants.equal("no request fails but those of a switch", unexcused(load, switches), []);
    invariants.hold(
      "the way back costs no request but those on their way",
      failedAtReturn <= SWITCH_SECONDS * 10,
      [`${failedAtReturn} failed`, ...load.errors].join("; "),
    );
    await holdsHealthy(lab, invariants, base.commit);
    return {
      "takeover: seconds without a connection": seconds ?? "never",
      "requests sent": load.sent,
      "requests failed": load.failed,
      "of these at the return": failedAtReturn,
      "largest gap between answers, seconds": load.largestGapSeconds,
    };
  },
};
