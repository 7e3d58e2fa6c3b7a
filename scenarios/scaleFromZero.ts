import { askApp } from "../client/appProbe";
import { APP } from "../protocol/names";
import { deviceProgram } from "../protocol/paths";
import { PORTS } from "../protocol/ports";
import { running, untilZero } from "./engine/app";
import { burst } from "./engine/clientLoad";
import { holdsAnswer } from "./engine/invariants";
import type { Figures, Run, Scenario } from "./engine/scenario";

const CLIENTS = 20;
const REQUESTS = 200;
/** Time after the idle time for proxy and container to stop on an emulated device, seconds. */
const STOP_SECONDS = 45;

async function goToZero(run: Run): Promise<number> {
  const { lab, timeline, invariants } = run;
  const seconds = await untilZero(lab, lab.input.idleSeconds + STOP_SECONDS);
  const limit = `${lab.input.idleSeconds} s and ${STOP_SECONDS} s`;
  invariants.hold(
    "no container runs after the idle time",
    seconds !== undefined,
    seconds === undefined ? `not within ${limit}` : "",
  );
  timeline.mark("lab", "at zero");
  return seconds ?? -1;
}

/** Seconds that `podman run` takes on this device until the same image answers. */
async function podmanRun(run: Run, device: string): Promise<number> {
  const image = `${run.lab.input.registry}/${APP.image}:${APP.tag}`;
  const script = `set -eu
start=$(cut -d' ' -f1 /proc/uptime)
podman run --detach --quiet --pull=never --name measure --publish 127.0.0.1:${PORTS.appMeasure}:${PORTS.appInside} ${image} >/dev/null
${deviceProgram("app-ready")} ${PORTS.appMeasure} 60
end=$(cut -d' ' -f1 /proc/uptime)
podman rm --force --time 1 measure >/dev/null
echo "$start $end"`;
  const [start = 0, end = 0] = (await run.lab.ask(device, script, 180)).trim().split(" ").map(Number);
  return Math.round((end - start) * 100) / 100;
}

/**
 * Compares a cold start's first answer with podman run on the same device. Its periodic work slows one of the two if it
 * falls into it: up to three pairs are measured, and the last one counts.
 */
async function compare(run: Run, owner: string): Promise<{ reference: number; seconds: number }> {
  const { lab, timeline, invariants } = run;
  const tries = 3;
  for (let n = 1; ; n++) {
    const reference = await podmanRun(run, owner);
    timeline.mark(owner, "podman run", `${reference} s`);
    invariants.equal("no container runs before the first request", await running(lab), []);
    const first = await holdsAnswer(lab, invariants, "the first request is answered");
    const seconds = Math.round(first.seconds * 100) / 100;
    timeline.mark("lab", "first answer", `${seconds} s`);
    const limit = Math.round((1.3 * reference + 1) * 100) / 100;
    if (seconds <= limit || n === tries) {
      invariants.hold(
        "it waits at most 1.3 times podman run and a second",
        seconds <= limit,
        `${seconds} s of ${limit} s`,
      );
      return { reference, seconds };
    }
    await goToZero(run);
  }
}

/** 200 requests from 20 clients, each of which sends one at a time; the first twenty find nothing running. */
async function stampede(url: string): Promise<string[]> {
  const errors: string[] = [];
  const client = async (): Promise<void> => {
    for (let i = 0; i < REQUESTS / CLIENTS; i++) errors.push(...(await burst(url, 1)));
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return errors;
}

/** The first request starts the app; then it goes back to zero. */
export const scaleFromZero: Scenario = {
  summary: "the first request starts the app on the VIP's owner; 200 requests at a cold start; back to zero",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants } = run;
    await goToZero(run);
    const owner = await lab.owner();
    const { reference, seconds } = await compare(run, owner);
    invariants.equal("one container runs, on the owner of the VIP", await running(lab), [owner]);
    const warm = await askApp(lab.appUrl);
    const zeroAfter = await goToZero(run);

    const errors = await stampede(lab.appUrl);
    timeline.mark("lab", "stampede", `${REQUESTS} requests from ${CLIENTS} clients, ${errors.length} failed`);
    invariants.equal("every request of a cold start's stampede is answered", errors, []);
    return {
      "podman run, seconds": reference,
      "first answer, seconds": seconds,
      "answer while running, seconds": Math.round(warm.seconds * 1000) / 1000,
      "seconds until zero": Math.round(zeroAfter),
      "stampede: requests": REQUESTS,
      "stampede: failed": errors.length,
    };
  },
};
