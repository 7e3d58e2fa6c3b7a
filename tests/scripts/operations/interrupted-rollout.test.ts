import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

import { sleep } from "../../../client/wait";
import { RolloutLab, type Running } from "../support/rolloutLab";
import { needs } from "../support/sandbox";

const ONE = "edge-device-1";
const TWO = "edge-device-2";

describe("an interrupted rollout", () => {
  let lab: RolloutLab;
  before(function () {
    needs(this, "ostree");
  });
  beforeEach(async () => {
    lab = new RolloutLab();
    await lab.start();
  });
  afterEach(() => lab.remove());

  const kill = (running: Running, signal: NodeJS.Signals): void =>
    void process.kill(-(running.child.pid ?? 0), signal);
  const assertWithdrawn = async (): Promise<void> => {
    assert.equal(lab.ref(), lab.commits.old);
    assert.equal(await lab.state(), "withdrawn");
    assert.equal(await lab.target(), lab.commits.old);
    assert.equal(lab.unfinished(), "");
    for (const device of [ONE, TWO]) {
      assert.equal(await lab.report(device, lab.staged()), lab.commits.old, device);
      assert.equal(await lab.lock(device), "rollout_withdrawn", device);
    }
  };
  const recover = (): string => {
    const args = ["--import", "tsx", "operations/rollout/recover.ts"];
    const { status, stderr } = spawnSync("node", args, { env: lab.env(), encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stderr;
  };

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`is withdrawn within seconds on ${signal}, and says so`, async () => {
      const running = await lab.underWay();
      const begun = Date.now();
      kill(running, signal);
      assert.equal(await running.ended, 1);
      assert.ok(Date.now() - begun < 5000, `${Date.now() - begun} ms`);
      assert.match(running.said(), /^rollout: 0\.0\.2 is withdrawn, the ref names [0-9a-f]{12} again$/m);
      assert.match(
        running.said(),
        new RegExp(
          `^error: interrupted \\(${signal}\\): the rollout of 0\\.0\\.2 is withdrawn; the next \`up\` goes on$`,
          "m",
        ),
      );
      assert.doesNotMatch(running.said(), /^ +at /m);
      await assertWithdrawn();
    });
  }

  it("names the devices that are past it, which keep what they run; the next run says so and finishes", async () => {
    const running = await lab.underWay();
    await lab.report(TWO, lab.runs());
    kill(running, "SIGTERM");
    assert.equal(await running.ended, 1);
    assert.match(running.said(), /is withdrawn; edge-device-2 already runs it; the next `up` goes on/);
    assert.equal(lab.ref(), lab.commits.old);
    assert.equal(await lab.report(TWO, lab.runs()), lab.commits.new);
    assert.equal(await lab.report(ONE, { vip: true }), lab.commits.old);

    const next = lab.rollout();
    await lab.moved(next);
    assert.match(next.said(), /^rollout of 0\.0\.2: edge-device-2 already runs it$/m);
    await lab.report(ONE, { ...lab.runs(), vip: true });
    assert.equal(await next.ended, 0, next.said());
    assert.equal(lab.ref(), lab.commits.new);
    assert.equal(await lab.state(), "done");
    assert.equal(lab.unfinished(), "");
  });

  it("names one that reboots into it, and one that holds the lock", async () => {
    const running = await lab.underWay();
    assert.equal(await lab.lock(TWO), "");
    await lab.report(ONE, { ...lab.rebooting(), vip: true });
    kill(running, "SIGTERM");
    assert.equal(await running.ended, 1);
    assert.match(
      running.said(),
      /edge-device-1 reboots into it, edge-device-2 holds the reboot lock and may still boot it; the next/,
    );
  });

  it("has nothing to withdraw where every device runs it", async () => {
    const running = await lab.underWay();
    await lab.report(TWO, lab.runs());
    // Both are green, but nobody owns the virtual IP: the program still waits.
    await lab.report(ONE, lab.runs());
    kill(running, "SIGTERM");
    assert.equal(await running.ended, 1);
    assert.match(running.said(), /every device already runs 0\.0\.2; the next `up` finishes the rollout/);
    assert.equal(lab.ref(), lab.commits.new);
    assert.equal(await lab.state(), "done");
  });

  it("is none where the depot has seen every device green before the lab has settled", async () => {
    const running = lab.rollout({ EDGE_LEASE_SECONDS: "1" });
    await lab.moved(running);
    await lab.report(TWO, lab.runs());
    await lab.report(ONE, lab.runs());
    assert.equal(await lab.state(), "done");
    // Nobody owns the virtual IP: the program still waits, and goes on renewing its lease.
    await sleep(2000);
    assert.equal(running.child.exitCode, null, running.said());
    await lab.report(ONE, { ...lab.runs(), vip: true });
    assert.equal(await running.ended, 0, running.said());
    assert.equal(lab.ref(), lab.commits.new);
  });

  it("has moved nothing while the lab was not healthy yet", async () => {
    await lab.report(ONE, { health: "pending" });
    const running = lab.rollout();
    await lab.eventually("it waits", () => Promise.resolve(running.said().includes("1/2 devices healthy")));
    kill(running, "SIGINT");
    assert.equal(await running.ended, 1);
    assert.match(
      running.said(),
      /^error: interrupted \(SIGINT\): no ref was moved by this run; the next `up` goes on$/m,
    );
    assert.equal(await lab.state(), "none");
  });

  it("withdraws itself when whoever started it was killed", async () => {
    const running = await lab.underWay({}, ["sh", "-c", 'exec 3<&0; "$@" <&3 & wait', "sh"]);
    running.child.kill("SIGKILL");
    await lab.eventually("it has ended", () => Promise.resolve(running.said().includes("error: ")));
    assert.match(running.said(), /^error: interrupted \(whoever started it is gone\): .* is withdrawn/m);
    await assertWithdrawn();
  });

  it("is withdrawn where nobody reads any more what it says", async () => {
    const running = await lab.underWay();
    running.child.stderr?.destroy();
    kill(running, "SIGHUP");
    assert.equal(await running.ended, 1);
    await assertWithdrawn();
  });

  it("goes on for as long as somebody watches it, and is withdrawn by its lease after SIGKILL", async () => {
    const running = await lab.underWay({ EDGE_LEASE_SECONDS: "1.5" });
    await sleep(3000);
    assert.equal(await lab.state(), "going");
    assert.equal(await lab.report(TWO, lab.staged()), lab.commits.new);
    kill(running, "SIGKILL");
    assert.equal(await running.ended, "SIGKILL");
    assert.equal(lab.ref(), lab.commits.new);
    await lab.eventually("the lease runs out", async () => (await lab.state()) === "withdrawn");
    assert.equal(await lab.report(TWO, lab.staged()), lab.commits.old);
    assert.equal(await lab.lock(TWO), "rollout_withdrawn");
    assert.equal(recover(), "recover: the rollout of 0.0.2 is withdrawn: its program was killed\n");
    await assertWithdrawn();
    assert.equal(recover(), "");
  });

  it("is put back by the next rollout as well, before the lease has run out", async () => {
    const running = await lab.underWay();
    kill(running, "SIGKILL");
    await running.ended;
    const next = lab.rollout();
    await lab.eventually("it is found", () =>
      Promise.resolve(next.said().includes("which was interrupted before, is withdrawn")),
    );
    await lab.moved(next);
    await lab.report(TWO, lab.runs());
    await lab.report(ONE, { ...lab.runs(), vip: true });
    assert.equal(await next.ended, 0, next.said());
    assert.equal(lab.ref(), lab.commits.new);
  });

  it("is put back where the depot is away", async () => {
    const running = await lab.underWay({ EDGE_LEASE_SECONDS: "1" });
    kill(running, "SIGKILL");
    await running.ended;
    lab.stopDepot();
    assert.match(recover(), /is withdrawn: its program was killed/);
    assert.equal(lab.ref(), lab.commits.old);
  });

  it("is another thing than a failed one: that goes back on every device, and is not tried again", async () => {
    const running = await lab.underWay();
    const failed = [{ commit: lab.commits.new, version: "0.0.2", check: "10_x.sh", output: "no", time: "t" }];
    await lab.report(TWO, { failed });
    assert.equal(await running.ended, 1);
    assert.match(running.said(), /rollout of 0\.0\.2 failed on edge-device-2: 10_x\.sh failed/);
    assert.equal(lab.ref(), lab.commits.old);
    assert.equal(await lab.state(), "failed");
    assert.equal(await lab.report(ONE, lab.runs()), lab.commits.old);
    await lab.report(ONE, { vip: true });

    const again = lab.rollout();
    assert.equal(await again.ended, 1);
    assert.match(again.said(), /it is not tried again; fix: npm run lab -- retry edge-device-2/);
    assert.equal(lab.unfinished(), "");
  });
});
