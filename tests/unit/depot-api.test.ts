import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { FastifyInstance } from "fastify";
import { pino } from "pino";

import { Depot } from "../../depot/depot";
import { adminApp, publicApp } from "../../depot/server";
import type { DeviceView } from "../../depot/views";

const OLD = "0".repeat(64);
const NEW = "1".repeat(64);
const ONE = "192.0.2.11";
const TWO = "192.0.2.12";
const LAB = {
  ref: "debian/edge",
  upgradeGate: "open",
  devices: [
    { name: "edge-1", role: "primary", address: ONE },
    { name: "edge-2", role: "backup", address: TWO },
  ],
};
const report = (device: string, more: object = {}): object => ({
  device,
  bootId: "b",
  event: "green",
  health: "green",
  booted: { commit: OLD, version: "0.0.1" },
  staged: null,
  rollback: null,
  bootCounter: null,
  vip: false,
  app: "",
  failed: [],
  updatePhase: "idle",
  ...more,
});

let dir: string;
let depot: Depot;
let web: FastifyInstance;
let admin: FastifyInstance;

function open(): void {
  const config = {
    repo: join(dir, "repo"),
    releases: join(dir, "releases"),
    dir,
    countLog: join(dir, "depot.log"),
    webGroup: 0,
    staleSeconds: 600,
  };
  const log = pino({ level: "silent" });
  depot = new Depot(config, log);
  web = publicApp(depot, log);
  admin = adminApp(depot, log);
}

function publish(commit: string): void {
  mkdirSync(join(dir, "repo/refs/heads/debian"), { recursive: true });
  writeFileSync(join(dir, "repo/refs/heads/debian/edge"), commit);
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "depot-api-"));
  mkdirSync(join(dir, "web"));
  open();
  const answer = await admin.inject({ method: "PUT", url: "/v1/lab", payload: LAB });
  assert.equal(answer.statusCode, 200);
  publish(OLD);
});
afterEach(async () => {
  await Promise.all([web.close(), admin.close(), depot.close()]);
  rmSync(dir, { recursive: true });
});

const post = (url: string, from: string, payload: object | string, headers: object = {}) =>
  web.inject({
    method: "POST",
    url,
    payload,
    headers: { "content-type": "application/json", "x-edge-client": from, ...headers },
  });
const lock = (url: string, from: string, id: string, group = "default") =>
  post(url, from, { client_params: { id, group } }, { "fleet-lock-protocol": "true" });
const get = async <T>(url: string, app = web): Promise<T> =>
  (await app.inject({ method: "GET", url })).json<T>();

describe("reports", () => {
  it("are answered with peers, target and gate, and kept", async () => {
    const answer = await post("/v1/report", ONE, report("edge-1"));
    assert.equal(answer.statusCode, 200, answer.body);
    assert.deepEqual(answer.json(), {
      peers: [TWO],
      target: { ref: "debian/edge", commit: OLD },
      upgradeGate: "open",
    });
    const devices = await get<DeviceView[]>("/v1/devices");
    assert.deepEqual(
      devices.map((d) => [d.name, d.report?.health]),
      [
        ["edge-1", "green"],
        ["edge-2", undefined],
      ],
    );
    assert.equal((await get<DeviceView>("/v1/devices/edge-1")).address, ONE);
    assert.equal((await web.inject("/v1/devices/other")).statusCode, 404);
  });

  it("are taken only from the device's own address", async () => {
    for (const [from, device] of [
      [TWO, "edge-1"],
      ["192.0.2.99", "edge-1"],
      [ONE, "unknown"],
      [ONE, "constructor"],
    ] as const) {
      const answer = await post("/v1/report", from, report(device));
      assert.equal(answer.statusCode, 403, `${device} from ${from}`);
    }
    assert.ok((await get<DeviceView[]>("/v1/devices")).every((d) => d.report === null));
  });

  it("that are wrong are refused with every wrong field named", async () => {
    const answer = await post(
      "/v1/report",
      ONE,
      report("edge-1", { health: "blue", booted: { commit: "x" } }),
    );
    assert.equal(answer.statusCode, 400);
    assert.match(answer.body, /health: .*booted\.commit: is not a commit/);
    assert.equal((await post("/v1/report", ONE, "{")).statusCode, 400);
    assert.equal((await post("/v1/report", ONE, "[]")).statusCode, 400);
    const large = report("edge-1", { app: "x".repeat(70_000) });
    assert.equal((await post("/v1/report", ONE, large)).statusCode, 413);
  });

  it("take a failure's time as a shell's seconds or as text", async () => {
    const failed = [{ commit: NEW, check: "c", output: "o", time: 1790000000 }];
    await post("/v1/report", ONE, report("edge-1", { failed }));
    const device = await get<DeviceView>("/v1/devices/edge-1");
    assert.equal(device.report?.failed[0]?.time, "2026-09-21T14:13:20.000Z");
  });

  it("tell the address of a device that has no fixed one", async () => {
    const devices = [{ name: "edge-1", role: "primary" }, ...LAB.devices.slice(1)];
    await admin.inject({ method: "PUT", url: "/v1/lab", payload: { ...LAB, devices } });
    assert.equal((await post("/v1/report", "192.0.2.50", report("edge-1"))).statusCode, 200);
    assert.deepEqual((await post("/v1/report", TWO, report("edge-2"))).json<{ peers: string[] }>().peers, [
      "192.0.2.50",
    ]);
    assert.equal((await lock("/v1/pre-reboot", "192.0.2.50", "edge-1")).statusCode, 200);
  });
});

describe("FleetLock", () => {
  it("grants one reboot at a time and says who holds the lock", async () => {
    assert.equal((await lock("/v1/pre-reboot", ONE, "edge-1")).statusCode, 200);
    assert.equal((await lock("/v1/pre-reboot", ONE, "edge-1")).statusCode, 200);
    const refused = await lock("/v1/pre-reboot", TWO, "edge-2");
    assert.equal(refused.statusCode, 409);
    assert.equal(refused.json<{ kind: string }>().kind, "failed_lock");
    const held = await get<{ holders: { device: string; since: string }[] }>("/v1/lock");
    assert.equal(held.holders[0]?.device, "edge-1");
    assert.equal((await lock("/v1/steady-state", TWO, "edge-2")).statusCode, 200);
    assert.equal((await lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 409);
    assert.equal((await lock("/v1/steady-state", ONE, "edge-1")).statusCode, 200);
    assert.equal((await lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 200);
  });

  it("is on disk before it is granted: a depot that was killed knows the holder", async () => {
    await lock("/v1/pre-reboot", ONE, "edge-1");
    // Nothing is closed or flushed here: what a SIGKILL leaves is what is on disk now.
    const stored = JSON.parse(readFileSync(join(dir, "state.json"), "utf8")) as { locks: object };
    assert.deepEqual(Object.keys(stored.locks), ["default"]);
    open();
    assert.equal((await lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 409);
  });

  it("wants its header, a whole body, and the device's own address", async () => {
    const body = { client_params: { id: "edge-1", group: "default" } };
    assert.equal((await post("/v1/pre-reboot", ONE, body)).statusCode, 400);
    assert.equal((await lock("/v1/pre-reboot", ONE, "")).statusCode, 400);
    assert.equal((await lock("/v1/pre-reboot", ONE, "edge-1", "no spaces")).statusCode, 400);
    assert.equal((await lock("/v1/pre-reboot", "192.0.2.99", "edge-1")).statusCode, 403);
    assert.equal((await lock("/v1/pre-reboot", TWO, "edge-1")).statusCode, 403);
    assert.deepEqual((await get<{ holders: object[] }>("/v1/lock")).holders, []);
  });

  it("takes an opaque id, as Zincati sends one, and knows the device by its address", async () => {
    assert.equal((await lock("/v1/pre-reboot", ONE, "35ba2101ae3f4d45b96e9c51f461bbff")).statusCode, 200);
    const held = await get<{ holders: { device: string }[] }>("/v1/lock");
    assert.equal(held.holders[0]?.device, "edge-1");
  });

  it("is refused once the target failed on a device, until a new rollout", async () => {
    publish(NEW);
    const failed = [{ commit: NEW, check: "20_vip", output: "no VIP", time: "t1" }];
    await post("/v1/report", ONE, report("edge-1", { failed }));
    const refused = await lock("/v1/pre-reboot", TWO, "edge-2");
    assert.equal(refused.statusCode, 409);
    assert.deepEqual(refused.json(), {
      kind: "rollout_halted",
      value: "edge-1 failed on 111111111111: 20_vip",
    });
    const rollout = { targetCommit: NEW, version: "0.0.2" };
    assert.equal(
      (await admin.inject({ method: "PUT", url: "/v1/rollout", payload: rollout })).statusCode,
      200,
    );
    await post("/v1/report", ONE, report("edge-1", { failed }));
    assert.equal((await lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 200);
  });

  it("comes to the owner of the virtual IP last", async () => {
    publish(NEW);
    await post("/v1/report", ONE, report("edge-1", { vip: true }));
    await post("/v1/report", TWO, report("edge-2"));
    const refused = await lock("/v1/pre-reboot", ONE, "edge-1");
    assert.equal(refused.json<{ kind: string }>().kind, "vip_owner_last");
    await post("/v1/report", TWO, report("edge-2", { booted: { commit: NEW } }));
    assert.equal((await lock("/v1/pre-reboot", ONE, "edge-1")).statusCode, 200);
  });
});

describe("admin", () => {
  it("is not to be had from the network", async () => {
    for (const [method, url] of [
      ["PUT", "/v1/lab"],
      ["PUT", "/v1/rollout"],
      ["DELETE", "/v1/lock"],
    ] as const) {
      assert.equal((await web.inject({ method, url })).statusCode, 404, url);
    }
  });

  it("releases a dead holder's lock", async () => {
    await lock("/v1/pre-reboot", ONE, "edge-1");
    assert.equal((await admin.inject({ method: "DELETE", url: "/v1/lock" })).statusCode, 200);
    assert.equal((await lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 200);
  });

  it("takes a device out of the lab with all that is known of it", async () => {
    await post("/v1/report", ONE, report("edge-1"));
    await lock("/v1/pre-reboot", ONE, "edge-1");
    await admin.inject({ method: "PUT", url: "/v1/lab", payload: { ...LAB, devices: LAB.devices.slice(1) } });
    assert.equal((await post("/v1/report", ONE, report("edge-1"))).statusCode, 403);
    assert.equal((await lock("/v1/pre-reboot", TWO, "edge-2")).statusCode, 200);
    assert.equal((await get<DeviceView[]>("/v1/devices", admin)).length, 1);
  });

  it("refuses a lab or a rollout that makes no sense, with the reason", async () => {
    const twice = { ...LAB, devices: [LAB.devices[0], LAB.devices[0]] };
    const answer = await admin.inject({ method: "PUT", url: "/v1/lab", payload: twice });
    assert.equal(answer.statusCode, 400);
    assert.match(answer.body, /two devices share a name/);
    const rollout = await admin.inject({ method: "PUT", url: "/v1/rollout", payload: { targetCommit: "x" } });
    assert.match(rollout.body, /targetCommit: is not a commit; version/);
  });
});

describe("counts and page", () => {
  const served = (n: number, from: string): void =>
    appendFileSync(
      join(dir, "web/access.log"),
      Array.from({ length: n }, (_, i) => `1795000000.5 ${from} 200 10 GET /repo/objects/${i}.filez\n`).join(
        "",
      ),
    );

  it("tell what each client was sent, and survive a restart", async () => {
    served(3, ONE);
    served(2, "192.0.2.77");
    const totals = await get<{ files: number; kinds: { object: { bytes: number } } }>("/v1/totals");
    assert.equal(totals.files, 5);
    assert.equal(totals.kinds.object.bytes, 50);
    const clients = await get<{ client: string; device: string | null; files: number }[]>("/v1/clients");
    assert.deepEqual(
      clients.map((c) => [c.client, c.device, c.files]),
      [
        [ONE, "edge-1", 3],
        ["192.0.2.77", null, 2],
      ],
    );
    await depot.close();
    open();
    served(1, ONE);
    assert.equal((await get<{ files: number }>("/v1/totals")).files, 6);
    const last = readFileSync(join(dir, "depot.log"), "utf8").trim().split("\n").pop();
    assert.match(last ?? "", / 200 files=6 bytes=60$/);
  });

  it("are there for Prometheus", async () => {
    served(3, ONE);
    await post("/v1/report", ONE, report("edge-1", { vip: true }));
    const { body } = await web.inject("/metrics");
    assert.match(body, /^edge_depot_files_total\{client="192.0.2.11",device="edge-1",kind="object"\} 3$/m);
    assert.match(body, /^edge_device_health\{device="edge-1",state="green"\} 1$/m);
    assert.match(body, /^edge_device_vip\{device="edge-1"\} 1$/m);
    assert.match(
      body,
      /^edge_device_info\{device="edge-1",role="primary",commit="0+",version="0.0.1",phase="idle"\} 1$/m,
    );
  });

  it("are shown by a page that needs nothing from elsewhere", async () => {
    const answer = await web.inject("/");
    assert.match(String(answer.headers["content-type"]), /^text\/html/);
    assert.match(String(answer.headers["content-security-policy"]), /default-src 'none'/);
    assert.match(answer.body, /<style>\s*:root/);
    assert.doesNotMatch(answer.body, /(src|href)="(https?:)?\/\//);
    const status = await get<{ target: { commit: string }; devices: object[] }>("/v1/status");
    assert.equal(status.target.commit, OLD);
    assert.equal(status.devices.length, 2);
  });

  it("cost the same for hundreds of devices", async () => {
    const devices = Array.from({ length: 500 }, (_, i) => ({
      name: `d${i}`,
      role: "backup",
      address: `10.0.${i >> 8}.${i & 255}`,
    }));
    await admin.inject({ method: "PUT", url: "/v1/lab", payload: { ...LAB, devices } });
    const started = Date.now();
    for (const d of devices) {
      assert.equal((await post("/v1/report", d.address, report(d.name))).statusCode, 200);
    }
    assert.ok(Date.now() - started < 5000, `${Date.now() - started} ms for 500 reports`);
  });
});
