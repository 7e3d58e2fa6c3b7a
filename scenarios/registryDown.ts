import { x } from "tinyexec";

import { LabError } from "../client/labError";
import { sleep } from "../client/wait";
import { running, untilZero } from "./engine/app";
import { holdsAnswer, holdsHealthy } from "./engine/invariants";
import { reboot } from "./engine/reboot";
import type { RunningLab } from "./engine/runningLab";
import type { Figures, Run, Scenario } from "./engine/scenario";

/** Time after the idle time for the app to stop, seconds. */
const STOP_SECONDS = 45;
/** Time in which the devices check twice for an update of the app. */
const LOOKS_SECONDS = 35;

/** Stops or starts the lab's registry. */
async function registry(lab: RunningLab, verb: "stop" | "apply"): Promise<void> {
  const [host = "", port = ""] = lab.input.registry.split(":");
  const result = await x("assets/host/registry.sh", [verb], {
    throwOnError: false,
    nodeOptions: { env: { EDGE_STATE_DIR: lab.stateDir, EDGE_GATEWAY: host, EDGE_REGISTRY_PORT: port } },
  });
  if (result.exitCode !== 0) throw new LabError(`registry.sh ${verb}: ${result.stderr.trim()}`);
}

/** Nothing can be pulled: the local image is enough to start the app, even after a reboot. */
export const registryDown: Scenario = {
  summary: "the registry is down: devices that have the image start and serve the app, after a reboot too",
  async run({ lab, timeline, invariants, undo, base }: Run): Promise<Figures> {
    const owner = await lab.owner();
    const start = undo.add(() => registry(lab, "apply"));
    await registry(lab, "stop");
    timeline.mark("lab", "registry is down");
    const zero = await untilZero(lab, lab.input.idleSeconds + STOP_SECONDS);
    invariants.hold("the app goes to zero", zero !== undefined);
    const first = await holdsAnswer(lab, invariants, "the first request is answered");
    timeline.mark("lab", "answer from zero", `${first.seconds.toFixed(1)} s`);
    await sleep(LOOKS_SECONDS * 1000);
    await holdsAnswer(lab, invariants, "the app answers when the devices have looked in vain");
    const back = await reboot(lab, owner, (r) => r.health === "green" && r.vip);
    invariants.hold(`${owner} is healthy and has the VIP again after a boot`, back !== undefined);
    await holdsAnswer(lab, invariants, "and starts the app");
    invariants.equal("one container runs, on the owner of the VIP", await running(lab), [owner]);
    await start();
    timeline.mark("lab", "registry is back");
    await holdsHealthy(lab, invariants, base.commit);
    return { "seconds from the reboot to the VIP": back ?? "never" };
  },
};
