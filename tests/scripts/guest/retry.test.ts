import assert from "node:assert/strict";

import { FakeDepot } from "../support/fakeDepot";
import { Guest, V1, V2 } from "../support/guest";

describe("guest: retry", () => {
  let guest: Guest;
  let depot: FakeDepot;
  beforeEach(async () => {
    guest = new Guest();
    depot = new FakeDepot();
    await depot.start();
    depot.reply({ peers: [], target: { ref: "edge", commit: V2 }, upgradeGate: "open" });
    guest.noStandIn("curl");
    guest.device({ EDGE_DEPOT: `http://${depot.address}` });
    guest.write("run/edge/health", "green\n");
  });
  afterEach(async () => {
    await depot.stop();
    guest.remove();
  });

  const retry = async (): Promise<string> => {
    const { status, stdout, stderr } = await guest.served("usr/libexec/edge/retry");
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const pulls = async (): Promise<string[]> => {
    guest.forgetCalls();
    assert.equal((await guest.served("usr/libexec/edge/update")).status, 0);
    return guest.calls().filter((call) => call.startsWith("ostree pull"));
  };

  it("forgets what failed, with its evidence, and says so at once: the commit is taken again", async () => {
    const boot = (commit: string): string => JSON.stringify({ commit, time: 1, checks: [] });
    const failed = [{ commit: V2, version: "0.0.2", check: "x", output: "" }];
    guest.write("var/lib/edge/failed.json", JSON.stringify(failed));
    guest.write("var/lib/edge/health/a.json", boot(V2));
    guest.write("var/lib/edge/health/b.json", boot(V1));
    guest.write("run/edge/update-error.json", JSON.stringify({ commit: V2, output: "x", attempts: 3 }));
    assert.deepEqual(await pulls(), []);
    assert.equal(await retry(), `${V2}\n`);
    const last = depot.posted("/v1/report").at(-1) as Record<string, unknown>;
    assert.deepEqual([last["failed"], last["updateError"]], [[], null]);
    assert.ok(!guest.has("var/lib/edge/health/a.json"));
    assert.ok(guest.has("var/lib/edge/health/b.json"));
    assert.equal((await pulls()).length, 1);
  });

  it("has nothing to forget, once more and where nothing ever failed", async () => {
    assert.equal(await retry(), "");
    guest.write("var/lib/edge/failed.json", "[]\n");
    assert.equal(await retry(), "");
  });
});
