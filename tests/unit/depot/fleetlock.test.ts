import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { DepotFixture, LAB, NEW, ONE, TWO, report } from "./support/depot";

describe("the depot", () => {
  let d: DepotFixture;
  beforeEach(async () => {
    d = new DepotFixture();
    await d.start();
  });
  afterEach(() => d.stop());

  describe("FleetLock", () => {
    it("grants one reboot at a time and says who holds the lock", async () => {
      assert.equal((await d.lock("/v1/pre-reboot", ONE, "edge-1")).statusCode, 200);
      assert.equal((await d.lock("/v1/pre-reboot", ONE, "edge-1")).statusCode, 200);
      const refused = await d.lock("/v1/pre-reboot", TWO, "edge-2");
      assert.equal(refused.statusCode, 409);
      assert.equal(refused.json<{ kind: string }>().kind, "failed_lock");
      const held = await d.get<{ holders: { device: string; since: string }[] }>("/v1/lock");
      assert.equal(held.holders[0]?.device, "edge-1");
      assert.equal((await d.lock("/v1/steady-state", TWO, "edge-2")).statusCode, 200);
      assert.equal((await d.lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 409);
      assert.equal((await d.lock("/v1/steady-state", ONE, "edge-1")).statusCode, 200);
      assert.equal((await d.lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 200);
    });

    it("is on disk before it is granted: a depot that was killed knows the holder", async () => {
      await d.lock("/v1/pre-reboot", ONE, "edge-1");
      // Nothing is closed or flushed here: after a SIGKILL only the current contents of the disk remain.
      const stored = JSON.parse(readFileSync(join(d.dir, "state.json"), "utf8")) as { locks: object };
      assert.deepEqual(Object.keys(stored.locks), ["default"]);
      d.open();
      assert.equal((await d.lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 409);
    });

    it("wants its header, a whole body, and the device's own address", async () => {
      const body = { client_params: { id: "edge-1", group: "default" } };
      assert.equal((await d.post("/v1/pre-reboot", ONE, body)).statusCode, 400);
      assert.equal((await d.lock("/v1/pre-reboot", ONE, "")).statusCode, 400);
      assert.equal((await d.lock("/v1/pre-reboot", ONE, "edge-1", "no spaces")).statusCode, 400);
      assert.equal((await d.lock("/v1/pre-reboot", "192.0.2.99", "edge-1")).statusCode, 403);
      assert.equal((await d.lock("/v1/pre-reboot", TWO, "edge-1")).statusCode, 403);
      assert.deepEqual((await d.get<{ holders: object[] }>("/v1/lock")).holders, []);
    });

    it("is one for the lab: other groups are refused, and cost neither a series nor a write", async () => {
      assert.equal((await d.lock("/v1/pre-reboot", ONE, "edge-1")).statusCode, 200);
      const file = join(d.dir, "state.json");
      const writtenAt = (): bigint => statSync(file, { bigint: true }).mtimeNs;
      const before = writtenAt();
      for (let i = 0; i < 600; i++) {
        const refused = await d.lock(`/v1/${i % 2 ? "pre-reboot" : "steady-state"}`, ONE, "edge-1", `g${i}`);
        assert.equal(refused.statusCode, 403);
        assert.equal(refused.json<{ kind: string }>().kind, "unknown_group");
      }
      // Nor does a request that changes nothing.
      assert.equal((await d.lock("/v1/pre-reboot", ONE, "edge-1")).statusCode, 200);
      assert.equal((await d.lock("/v1/steady-state", TWO, "edge-2")).statusCode, 200);
      assert.equal(writtenAt(), before);
      const series = (await d.request("GET", "/metrics")).body.split("\n");
      assert.equal(series.filter((line) => line.startsWith("edge_reboot_lock_held{")).length, 1);
    });

    it("of a group that an older version took is forgotten", async () => {
      await d.lock("/v1/pre-reboot", ONE, "edge-1");
      const file = join(d.dir, "state.json");
      const stored = JSON.parse(readFileSync(file, "utf8")) as { locks: Record<string, object> };
      writeFileSync(
        file,
        JSON.stringify({ ...stored, locks: { ...stored.locks, g1: stored.locks["default"] } }),
      );
      d.open();
      const { holders } = await d.get<{ holders: { group: string }[] }>("/v1/lock");
      assert.deepEqual(
        holders.map((h) => h.group),
        ["default"],
      );
    });

    it("takes an opaque id, as Zincati sends one, and knows the device by its address", async () => {
      assert.equal((await d.lock("/v1/pre-reboot", ONE, "35ba2101ae3f4d45b96e9c51f461bbff")).statusCode, 200);
      const held = await d.get<{ holders: { device: string }[] }>("/v1/lock");
      assert.equal(held.holders[0]?.device, "edge-1");
    });

    it("is refused once the target failed on a device, until a new rollout", async () => {
      d.publish(NEW);
      const failed = [{ commit: NEW, check: "20_vip", output: "no VIP", time: "t1" }];
      await d.report(ONE, report("edge-1", { failed }));
      const refused = await d.lock("/v1/pre-reboot", TWO, "edge-2");
      assert.equal(refused.statusCode, 409);
      assert.deepEqual(refused.json(), {
        kind: "rollout_halted",
        value: "edge-1 failed on 111111111111: 20_vip",
      });
      const rollout = { targetCommit: NEW, version: "0.0.2" };
      assert.equal((await d.put("/v1/rollout", rollout)).statusCode, 200);
      await d.report(ONE, report("edge-1", { failed }));
      assert.equal((await d.lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 200);
    });

    it("comes to the owner of the virtual IP last", async () => {
      d.publish(NEW);
      await d.report(ONE, report("edge-1", { vip: true }));
      await d.report(TWO, report("edge-2"));
      const refused = await d.lock("/v1/pre-reboot", ONE, "edge-1");
      assert.equal(refused.json<{ kind: string }>().kind, "vip_owner_last");
      await d.report(TWO, report("edge-2", { booted: { commit: NEW } }));
      assert.equal((await d.lock("/v1/pre-reboot", ONE, "edge-1")).statusCode, 200);
    });
  });

  describe("admin", () => {
    it("is not to be had from the network", async () => {
      for (const [method, url] of [
        ["PUT", "/v1/lab"],
        ["PUT", "/v1/rollout"],
        ["DELETE", "/v1/lock"],
      ] as const) {
        assert.equal((await d.request(method, url)).statusCode, 404, url);
      }
    });

    it("releases a dead holder's lock", async () => {
      await d.lock("/v1/pre-reboot", ONE, "edge-1");
      assert.equal((await d.asAdmin("DELETE", "/v1/lock")).statusCode, 200);
      assert.equal((await d.lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 200);
    });

    it("takes a device out of the lab with all that is known of it", async () => {
      await d.report(ONE, report("edge-1"));
      await d.lock("/v1/pre-reboot", ONE, "edge-1");
      await d.put("/v1/lab", { ...LAB, devices: LAB.devices.slice(1) });
      assert.equal((await d.report(ONE, report("edge-1"))).statusCode, 403);
      assert.equal((await d.lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 200);
      assert.equal((await d.asAdmin("GET", "/v1/devices")).json<object[]>().length, 1);
    });

    it("refuses a lab or a rollout that makes no sense, with the reason", async () => {
      const twice = { ...LAB, devices: [LAB.devices[0], LAB.devices[0]] };
      const answer = await d.put("/v1/lab", twice);
      assert.equal(answer.statusCode, 400);
      assert.match(answer.body, /two devices share a name/);
      const rollout = await d.put("/v1/rollout", { targetCommit: "x" });
      assert.match(rollout.body, /targetCommit: is not a commit; version/);
    });
  });
});
