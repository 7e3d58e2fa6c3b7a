import assert from "node:assert/strict";

import type { RemoteResult } from "../../../client/ssh";
import { PublishedRef } from "../../../operations/rollout/ref";
import { RunningLab } from "../../../scenarios/engine/runningLab";

/** A lab whose device answers to the given status codes, one after the other; the last one stays. */
class FakeLab extends RunningLab {
  asked = 0;

  constructor(private readonly answers: readonly number[]) {
    super(
      { stateDir: "/nowhere", devices: [] as never[], appUrl: "" } as unknown as RunningLab["input"],
      new PublishedRef("/nowhere", "edge"),
      "edge",
    );
  }

  override on(): Promise<RemoteResult> {
    const exitCode = this.answers[Math.min(this.asked++, this.answers.length - 1)] ?? 0;
    return Promise.resolve({ exitCode, stdout: "out", stderr: "no route" });
  }
}

describe("a command on a device while a scenario is put back", () => {
  it("waits for a device that cannot be reached, and for nothing else", async function () {
    this.timeout(10_000);
    const booting = new FakeLab([255, 255, 0]);
    booting.restoring = () => true;
    assert.equal(await booting.ask("edge-1", "true"), "out");
    assert.equal(booting.asked, 3);
    const failing = new FakeLab([1, 0]);
    failing.restoring = () => true;
    await assert.rejects(failing.ask("edge-1", "true"), /status 1/);
  });

  it("does not wait in the scenario itself: a device that is gone is its matter", async () => {
    const gone = new FakeLab([255, 0]);
    await assert.rejects(gone.ask("edge-1", "true"), /status 255: no route/);
    assert.equal(gone.asked, 1);
  });
});
