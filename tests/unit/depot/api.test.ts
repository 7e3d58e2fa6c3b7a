import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { DeviceView } from "../../../protocol/status";
import { DepotFixture, LAB, NEW, OLD, ONE, TWO, report } from "./support/depot";

describe("the depot", () => {
  let d: DepotFixture;
  beforeEach(async () => {
    d = new DepotFixture();
    await d.start();
  });
  afterEach(() => d.stop());

  describe("reports", () => {
    it("are answered with peers, target and gate, and kept", async () => {
      const answer = await d.report(ONE, report("edge-1"));
      assert.equal(answer.statusCode, 200, answer.body);
      assert.deepEqual(answer.json(), {
        peers: [TWO],
        knownToPeers: true,
        target: { ref: "debian/edge", commit: OLD },
        upgradeGate: "open",
      });
      const devices = await d.get<DeviceView[]>("/v1/devices");
      assert.deepEqual(
        devices.map((v) => [v.name, v.report?.health]),
        [
          ["edge-1", "green"],
          ["edge-2", undefined],
        ],
      );
      assert.equal((await d.get<DeviceView>("/v1/devices/edge-1")).address, ONE);
      assert.equal((await d.request("GET", "/v1/devices/other")).statusCode, 404);
    });

    it("are taken only from the device's own address", async () => {
      for (const [from, device] of [
        [TWO, "edge-1"],
        ["192.0.2.99", "edge-1"],
        [ONE, "unknown"],
        [ONE, "constructor"],
      ] as const) {
        const answer = await d.report(from, report(device));
        assert.equal(answer.statusCode, 403, `${device} from ${from}`);
      }
      assert.ok((await d.get<DeviceView[]>("/v1/devices")).every((v) => v.report === null));
    });

    it("that are wrong are refused with every wrong field named", async () => {
      const answer = await d.report(ONE, report("edge-1", { health: "blue", booted: { commit: "x" } }));
      assert.equal(answer.statusCode, 400);
      assert.match(answer.body, /health: .*booted\.commit: is not a commit/);
      assert.equal((await d.report(ONE, "{")).statusCode, 400);
      assert.equal((await d.report(ONE, "[]")).statusCode, 400);
      const large = report("edge-1", { app: "x".repeat(70_000) });
      assert.equal((await d.report(ONE, large)).statusCode, 413);
    });

    it("take a failure's time as a shell's seconds or as text", async () => {
      const failed = [{ commit: NEW, check: "c", output: "o", time: 1790000000 }];
      await d.report(ONE, report("edge-1", { failed }));
      const device = await d.get<DeviceView>("/v1/devices/edge-1");
      assert.equal(device.report?.failed[0]?.time, "2026-09-21T14:13:20.000Z");
    });

    it("tell the address of a device that has no fixed one", async () => {
      const devices = [{ name: "edge-1", role: "primary" }, ...LAB.devices.slice(1)];
      await d.put("/v1/lab", { ...LAB, devices });
      assert.equal((await d.report("192.0.2.50", report("edge-1"))).statusCode, 200);
      assert.deepEqual((await d.report(TWO, report("edge-2"))).json<{ peers: string[] }>().peers, [
        "192.0.2.50",
      ]);
      assert.equal((await d.lock("/v1/pre-reboot", "192.0.2.50", "edge-1")).statusCode, 200);
    });
  });

  describe("counts and page", () => {
    const served = (n: number, from: string): void =>
      appendFileSync(
        join(d.dir, "access/2026-01-01T00:00.log"),
        Array.from(
          { length: n },
          (_, i) => `1795000000.5 ${from} 200 10 GET /repo/objects/${i}.filez\n`,
        ).join(""),
      );

    it("tell what each client was sent, and survive a restart", async () => {
      served(3, ONE);
      served(2, "192.0.2.77");
      const totals = await d.get<{ files: number; kinds: { object: { bytes: number } } }>("/v1/totals");
      assert.equal(totals.files, 5);
      assert.equal(totals.kinds.object.bytes, 50);
      const clients = await d.get<{ client: string; device: string | null; files: number }[]>("/v1/clients");
      assert.deepEqual(
        clients.map((c) => [c.client, c.device, c.files]),
        [
          [ONE, "edge-1", 3],
          ["192.0.2.77", null, 2],
        ],
      );
      await d.depot.close();
      d.open();
      served(1, ONE);
      assert.equal((await d.get<{ files: number }>("/v1/totals")).files, 6);
      const last = readFileSync(join(d.dir, "depot.log"), "utf8").trim().split("\n").pop();
      assert.match(last ?? "", / 200 files=6 bytes=60$/);
    });

    it("are there for Prometheus", async () => {
      served(3, ONE);
      await d.report(ONE, report("edge-1", { vip: true }));
      const { body } = await d.request("GET", "/metrics");
      assert.match(body, /^edge_depot_files_total\{client="192.0.2.11",device="edge-1",kind="object"\} 3$/m);
      assert.match(body, /^edge_device_health\{device="edge-1",state="green"\} 1$/m);
      assert.match(body, /^edge_device_vip\{device="edge-1"\} 1$/m);
      assert.match(
        body,
        /^edge_device_info\{device="edge-1",role="primary",commit="0+",version="0.0.1",phase="idle"\} 1$/m,
      );
    });

    it("are shown by a page that needs nothing from elsewhere", async () => {
      const answer = await d.request("GET", "/");
      assert.match(String(answer.headers["content-type"]), /^text\/html/);
      assert.match(String(answer.headers["content-security-policy"]), /default-src 'none'/);
      assert.match(answer.body, /<style>\s*:root/);
      assert.match(answer.body, /<script>[^]*fetch\("v1\/status"[^]*<\/script>/);
      assert.equal(answer.body.match(/<\/script/g)?.length, 1, "the script does not end its own element");
      assert.doesNotMatch(answer.body, /(src|href)="(https?:)?\/\//);
      const status = await d.get<{ target: { commit: string }; devices: object[] }>("/v1/status");
      assert.equal(status.target.commit, OLD);
      assert.equal(status.devices.length, 2);
    });

    it("cost the same for hundreds of devices", async () => {
      const devices = Array.from({ length: 500 }, (_, i) => ({
        name: `d${i}`,
        role: "backup",
        address: `10.0.${i >> 8}.${i & 255}`,
      }));
      await d.put("/v1/lab", { ...LAB, devices });
      const started = Date.now();
      for (const v of devices) {
        assert.equal((await d.report(v.address, report(v.name))).statusCode, 200);
      }
      assert.ok(Date.now() - started < 5000, `${Date.now() - started} ms for 500 reports`);
    });
  });
});
