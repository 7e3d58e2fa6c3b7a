import { connect } from "node:net";

import { sleep } from "../env";
import { ClientLoad, type LoadResult } from "./clientLoad";
import { holdsHealthy } from "./invariants";
import type { Figures, Run, Scenario } from "./scenario";

const LIMIT_SECONDS = 240;
/** How long a request that was on its way at a switch may hang on a device that no longer has the address. */
const SWITCH_SECONDS = 1.5;

/** Whether the VIP takes a connection now. */
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

/** Seconds from now until the VIP takes a connection again; undefined after the limit. */
async function takeover(run: Run): Promise<number | undefined> {
  const begun = performance.now();
  while (performance.now() - begun < LIMIT_SECONDS * 1000) {
    if (await accepts(run.lab.input.vip, 8080, 100)) return (performance.now() - begun) / 1000;
    await sleep(20);
  }
  return undefined;
}

async function until(run: Run, what: string, holds: () => Promise<boolean>): Promise<boolean> {
  const begun = Date.now();
  while (Date.now() - begun < LIMIT_SECONDS * 1000) {
    if (await holds()) return true;
    await sleep(500);
  }
  run.invariants.hold(what, false, `not within ${LIMIT_SECONDS} s`);
  return false;
}

const ownerIs = async (run: Run, name: string): Promise<boolean> =>
  (await run.lab.depot.devices()).every((d) => d.report?.vip === (d.name === name));

/** Failures of requests that were sent outside of the switches, from `from` to `to` seconds each. */
function unexcused(load: LoadResult, switches: readonly (readonly [number, number])[]): string[] {
  return load.failures
    .filter((f) => !switches.some(([from, to]) => f.endedAt >= from && f.sentAt <= to))
    .map((f) => `sent at ${f.sentAt.toFixed(1)} s: ${f.error}`);
}

/** The owner of the VIP loses power, and comes back. */
export const failover: Scenario = {
  summary:
    "the VIP's owner loses power under ten requests a second; another device takes over; it comes back",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, base } = run;
    const owner = await lab.owner();
    const client = new ClientLoad(lab.appUrl, 10);
    await sleep(5000);
    const cutAt = client.seconds;
    await lab.power("destroy", owner);
    timeline.mark(owner, "power cut");
    const seconds = await takeover(run);
    const tookAt = client.seconds;
    timeline.mark("lab", "taken over", seconds === undefined ? "never" : `${seconds.toFixed(2)} s`);
    invariants.hold(
      "another device takes the VIP",
      seconds !== undefined,
      seconds === undefined ? "" : `after ${seconds.toFixed(2)} s`,
    );
    await sleep(15_000);
    await lab.power("start", owner);
    timeline.mark(owner, "power back");
    const switches: [number, number][] = [[cutAt - 0.5, tookAt]];
    if (await until(run, `${owner} takes the VIP back`, () => ownerIs(run, owner))) {
      const back = client.seconds;
      timeline.mark(owner, "has the VIP again");
      // Its report comes after the switch itself; how long after, the largest gap of the answers tells.
      switches.push([back - 20, back]);
    }
    await sleep(5000);
    const load = await client.stop();
    const failedAtReturn = load.failures.filter((f) => f.sentAt > tookAt).length;
    invariants.equal("no request fails but those of a switch", unexcused(load, switches), []);
    invariants.hold(
      "the way back costs no request but those on their way",
      failedAtReturn <= SWITCH_SECONDS * 10,
      `${failedAtReturn} failed`,
    );
    await holdsHealthy(lab, invariants, base.commit);
    return {
      "takeover, seconds from the power cut to the first connection":
        seconds === undefined ? "never" : Math.round(seconds * 100) / 100,
      "requests sent": load.sent,
      "requests failed": load.failed,
      "of these at the return": failedAtReturn,
      "largest gap between answers, seconds": load.largestGapSeconds,
    };
  },
};
