import assert from "node:assert/strict";

import type { DeviceView } from "../../../protocol/status";
import { outcome } from "../../../scenarios/engine/publish";
import type { RunningLab } from "../../../scenarios/engine/runningLab";

const RELEASE = { commit: "b".repeat(64), version: "0.0.2" };
const NAMES = ["edge-1", "edge-2", "edge-3"];

/** A lab whose devices are on the release after so many seconds. */
function labOf(seconds: readonly number[]): RunningLab {
  const begun = Date.now();
  const devices = (): DeviceView[] =>
    NAMES.map((name, i) => ({
      name,
      report: {
        health: "green",
        failed: [],
        booted: { commit: Date.now() - begun >= (seconds[i] ?? 0) * 1000 ? RELEASE.commit : "a".repeat(64) },
      },
    })) as unknown as DeviceView[];
  return {
    names: NAMES,
    depot: {
      target: () => Promise.resolve({ upgradeGate: "open" }),
      devices: () => Promise.resolve(devices()),
    },
  } as unknown as RunningLab;
}

describe("how long a scenario waits for a release", () => {
  it("the limit is each device's, one after the other, and not that of all", async function () {
    this.timeout(10_000);
    assert.equal((await outcome(labOf([1, 2, 3]), RELEASE, 2)).kind, "done");
  });

  it("a device that does not get there ends the wait", async function () {
    this.timeout(10_000);
    const verdict = await outcome(labOf([0, 1, 60]), RELEASE, 1);
    const waitingFor = verdict.kind === "going" ? verdict.waitingFor.map((d) => d.name) : [];
    assert.deepEqual(waitingFor, ["edge-3"]);
  });
});
