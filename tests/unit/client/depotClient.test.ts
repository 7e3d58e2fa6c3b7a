import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DepotClient, DepotError } from "../../../client/depotClient";
import { DepotFixture, NEW, OLD, ONE, report } from "../depot/support/depot";

describe("depot client", () => {
  let stateDir: string;
  let client: DepotClient;
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), "depot-client-"));
    mkdirSync(join(stateDir, "depot"));
    client = new DepotClient(stateDir);
  });
  afterEach(() => rmSync(stateDir, { recursive: true }));
  const socket = (): string => join(stateDir, "depot/admin.sock");

  it("reads what the depot answers, and tells it of a rollout", async () => {
    const d = new DepotFixture();
    await d.start();
    await d.listen(socket());
    try {
      const failed = [{ commit: NEW, check: "c", output: "o", time: 5 }];
      await d.report(ONE, report("edge-1", { failed }));
      await d.lock("/v1/pre-reboot", ONE, "edge-1");
      const [one, two] = await client.devices();
      assert.deepEqual([one?.name, one?.address, one?.report?.failed[0]?.check], ["edge-1", ONE, "c"]);
      assert.deepEqual([two?.name, two?.report, two?.ageSeconds], ["edge-2", null, null]);
      assert.deepEqual((await client.target()).commit, OLD);
      assert.deepEqual(await client.clients(), []);
      assert.equal((await client.lock()).holders[0]?.device, "edge-1");
      assert.deepEqual((await client.releaseLock()).holders, []);
      await client.startRollout(NEW, "0.0.2");
      assert.equal(d.depot.rollout?.targetCommit, NEW);
      await assert.rejects(client.startRollout("x", "0.0.2"), /400: .*targetCommit: is not a commit/);
    } finally {
      await d.stop();
    }
  });

  describe("with another depot", () => {
    let server: Server;
    let answer: unknown;
    beforeEach(async () => {
      server = createServer((_, response) => response.end(JSON.stringify(answer)));
      await new Promise<void>((resolve) => server.listen(socket(), resolve));
    });
    afterEach(() => server.close());

    it("misses nothing that an older one leaves out, and passes over what a newer one adds", async () => {
      const booted = { commit: OLD, later: 1 };
      const told = { device: "d", bootId: "b", event: "new", health: "green", booted, vip: false, later: {} };
      answer = [
        { name: "a", role: "primary", address: null },
        { name: "d", role: "backup", address: ONE, report: told, later: true },
      ];
      const [silent, one] = await client.devices();
      assert.deepEqual(silent, {
        name: "a",
        role: "primary",
        address: null,
        receivedAt: null,
        ageSeconds: null,
        report: null,
      });
      assert.deepEqual([one?.report?.failed, one?.report?.updatePhase], [[], undefined]);
      assert.deepEqual(one?.report?.booted, { commit: OLD });
    });

    it("fails on an answer that breaks the protocol", async () => {
      answer = [{ name: "a", role: "primary", address: null, report: { health: "blue" } }];
      await assert.rejects(client.devices(), /health/);
    });
  });

  it("says which depot does not answer", async () => {
    await assert.rejects(client.devices(), (e) => e instanceof DepotError && e.message.includes(socket()));
  });
});
