import assert from "node:assert/strict";

import { DepotFixture, LAB, NEW, OLD, ONE, report, TWO } from "./support/depot";

const ROLLOUT = { targetCommit: NEW, version: "0.0.2", id: "r1", from: OLD, leaseSeconds: 30 };
const onNew = { booted: { commit: NEW, version: "0.0.2" } };
const staged = { staged: { commit: NEW, version: "0.0.2" }, updatePhase: "staged" };

interface Reply {
  target: { commit: string };
}

describe("depot: a rollout's lease", () => {
  let d: DepotFixture;
  beforeEach(async () => {
    d = new DepotFixture();
    await d.start();
    await d.put("/v1/rollout", ROLLOUT);
    d.publish(NEW);
  });
  afterEach(() => d.stop());

  const told = async (from: string, body: object): Promise<string> =>
    (await d.report(from, body)).json<Reply>().target.commit;
  const state = async (): Promise<string> => (await d.get<{ state: string }>("/v1/rollout")).state;
  const target = async (): Promise<string> => (await d.get<{ commit: string }>("/v1/target")).commit;
  const renew = async (id = "r1"): Promise<number> =>
    (await d.admins("/v1/rollout/lease", { id })).statusCode;
  const end = async (outcome: string, id = "r1"): Promise<number> =>
    (await d.admins("/v1/rollout/end", { id, outcome })).statusCode;
  const lock = (from: string, id: string): Promise<{ statusCode: number; json: () => { kind: string } }> =>
    d.lock("/v1/pre-reboot", from, id);

  it("goes on while it is renewed, for as long as that is", async () => {
    for (let i = 0; i < 10; i++) {
      d.wait(25);
      assert.equal(await renew(), 200);
    }
    assert.equal(await state(), "going");
    assert.equal(await target(), NEW);
    assert.equal(await told(ONE, report("edge-1")), NEW);
  });

  it("is withdrawn when nobody renews it: the old target, no lock, and everyone can see it", async () => {
    await d.report(ONE, report("edge-1", staged));
    d.wait(31);
    assert.equal(await state(), "withdrawn");
    assert.equal(await target(), OLD);
    assert.equal(await told(ONE, report("edge-1", staged)), OLD);
    const refused = await lock(ONE, "edge-1");
    assert.equal(refused.statusCode, 409);
    assert.equal(refused.json().kind, "rollout_withdrawn");
    const view = await d.get<{ withdrawn: { version: string; from: string } }>("/v1/lock");
    assert.deepEqual([view.withdrawn.version, view.withdrawn.from], ["0.0.2", OLD]);
    assert.equal((await d.get<{ rollout: { state: string } }>("/v1/status")).rollout.state, "withdrawn");
  });

  it("is so over a restart of the depot as well", async () => {
    d.wait(31);
    await d.depot.close();
    d.open();
    assert.equal(await target(), OLD);
  });

  it("goes on where its watcher was only late", async () => {
    d.wait(300);
    assert.equal(await target(), OLD);
    assert.equal(await renew(), 200);
    assert.equal(await target(), NEW);
    assert.equal((await lock(ONE, "edge-1")).statusCode, 200);
  });

  it("lets a device that runs it keep it, also while that boot has no verdict", async () => {
    d.wait(31);
    assert.equal(await told(TWO, report("edge-2", { ...onNew, health: "pending" })), NEW);
    assert.equal(await told(TWO, report("edge-2", onNew)), NEW);
    assert.equal(await told(TWO, report("edge-2", { ...onNew, health: "red" })), OLD);
    assert.equal(await told(ONE, report("edge-1")), OLD);
  });

  it("lets it keep it after the ref has gone back, until another rollout begins", async () => {
    assert.equal(await end("withdrawn"), 200);
    d.publish(OLD);
    assert.equal(await told(TWO, report("edge-2", onNew)), NEW);
    assert.equal((await lock(ONE, "edge-1")).statusCode, 200, "no other rollout is held up by it");
    await d.put("/v1/rollout", { targetCommit: OLD, version: "0.0.1" });
    assert.equal(await told(TWO, report("edge-2", onNew)), OLD);
  });

  it("follows a ref that somebody moved elsewhere meanwhile", async () => {
    const other = "2".repeat(64);
    d.wait(31);
    d.publish(other);
    assert.equal(await told(TWO, report("edge-2", onNew)), other);
  });

  it("is withdrawn at once when its watcher says so, and stays it", async () => {
    assert.equal(await end("withdrawn"), 200);
    assert.equal(await target(), OLD);
    assert.equal(await renew(), 409);
    assert.equal(await end("withdrawn"), 200, "once more changes nothing");
    assert.equal(await end("done"), 200);
    assert.equal(await state(), "withdrawn");
  });

  it("that has ended needs no lease", async () => {
    for (const outcome of ["done", "failed"]) {
      await d.put("/v1/rollout", ROLLOUT);
      assert.equal(await end(outcome), 200);
      d.wait(3600);
      assert.equal(await state(), outcome);
      assert.equal(await target(), NEW);
    }
  });

  it("ends by itself when every device is green on it", async () => {
    await d.report(ONE, report("edge-1", onNew));
    await d.report(TWO, report("edge-2", { ...onNew, health: "pending" }));
    assert.equal(await state(), "going");
    await d.report(TWO, report("edge-2", onNew));
    assert.equal(await state(), "done");
    assert.equal(await renew(), 200, "its watcher may still wait for the app");
    d.wait(3600);
    assert.equal(await target(), NEW);
  });

  it("is nobody's but its own watcher's", async () => {
    await d.put("/v1/rollout", { ...ROLLOUT, id: "r2" });
    assert.equal(await renew("r1"), 409);
    assert.equal(await end("withdrawn", "r1"), 409);
    assert.equal(await state(), "going");
    assert.equal((await d.admins("/v1/rollout/lease", {})).statusCode, 400);
    assert.equal((await d.admins("/v1/rollout/end", { id: "r2", outcome: "x" })).statusCode, 400);
  });

  it("is not had by default, and not without a commit to go back to", async () => {
    await d.put("/v1/rollout", { targetCommit: NEW, version: "0.0.2" });
    d.wait(360_000);
    assert.equal(await target(), NEW);
    const answer = await d.put("/v1/rollout", { targetCommit: NEW, version: "0.0.2", leaseSeconds: 5 });
    assert.equal(answer.statusCode, 400);
    assert.match(answer.body, /a lease needs the commit to go back to/);
  });

  it("is renewed without an effect on halts and failures that were known", async () => {
    const failed = [{ commit: NEW, check: "20_vip", output: "no VIP", time: "t1" }];
    await d.report(ONE, report("edge-1", { failed }));
    assert.equal(await renew(), 200);
    assert.equal((await lock(TWO, "edge-2")).json().kind, "rollout_halted");
    assert.equal((await d.asAdmin("DELETE", `/v1/halts/${NEW}`)).statusCode, 200);
    assert.deepEqual((await d.get<{ halted: object[] }>("/v1/lock")).halted, []);
  });

  it("does not hold up the owner of the virtual IP on its way back", async () => {
    d.publish("3".repeat(64));
    await d.put("/v1/rollout", { ...ROLLOUT, targetCommit: "3".repeat(64), id: "r3" });
    assert.equal(LAB.devices.length, 2);
    await d.report(TWO, report("edge-2", { booted: { commit: "3".repeat(64) } }));
    await d.report(ONE, report("edge-1", { vip: true, booted: { commit: NEW } }));
    await end("withdrawn", "r3");
    assert.equal((await lock(ONE, "edge-1")).statusCode, 200);
  });

  it("is not to be touched from the network", async () => {
    const routes = ["/v1/rollout/lease", "/v1/rollout/end"];
    for (const url of routes) assert.equal((await d.post(url, ONE, { id: "r1" })).statusCode, 404, url);
    assert.equal((await d.request("DELETE", `/v1/halts/${NEW}`)).statusCode, 404);
  });
});
