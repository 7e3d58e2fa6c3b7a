import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";

import { eventually, GATEWAY, kill, needs, Sandbox } from "../support/sandbox";

const SCRIPT = "assets/host/depot.sh";
const ENV = { EDGE_GATEWAY: GATEWAY, EDGE_DEPOT_PORT: "8000" };
const URL = `http://${GATEWAY}:8000`;
const LAB = {
  ref: "debian/trixie/x86_64/edge",
  upgradeGate: "open",
  devices: [{ name: "edge-device-1", role: "primary", address: GATEWAY }],
};
const REPORT = JSON.stringify({
  device: "edge-device-1",
  bootId: "b",
  event: "green",
  health: "green",
  booted: { commit: "0".repeat(64), version: "0.0.1" },
  vip: true,
});

describe("depot.sh", () => {
  let box: Sandbox;
  before(function () {
    needs(this, "nginx", "ostree", "supervisord", "jq", "curl", "bwrap", "setpriv");
  });
  beforeEach(() => (box = new Sandbox()));
  afterEach(() => box.remove());

  const apply = (lab: object = LAB): void => void box.ok([SCRIPT, "apply"], ENV, JSON.stringify(lab));
  const curl = (...args: string[]): string => box.ok(["curl", "-sS", "-m", "10", ...args]).stdout;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the answer's shape is the caller's word
  const json = <T>(path: string): T => JSON.parse(curl(URL + path)) as T;
  const code = (...args: string[]): string => curl("-o", "/dev/null", "-w", "%{http_code}", ...args);
  const report = (): string => code("-H", "content-type: application/json", "-d", REPORT, `${URL}/v1/report`);
  const put = (path: string, content: string): void => {
    mkdirSync(box.path("repo", path, ".."), { recursive: true });
    writeFileSync(box.path("repo", path), content);
  };

  it("serves a new repository and the API, with one line of JSON", () => {
    const { stdout } = box.ok([SCRIPT, "apply"], ENV, JSON.stringify(LAB));
    assert.equal(stdout, `{"contentUrl":"${URL}","address":"${GATEWAY}:8000"}\n`);
    assert.match(curl(`${URL}/repo/config`), /^mode=archive/m);
    assert.deepEqual(
      json<{ name: string }[]>("/v1/devices").map((d) => d.name),
      ["edge-device-1"],
    );
    assert.match(curl(`${URL}/`), /<title>Edge Lab<\/title>/);
    assert.match(curl(`${URL}/metrics`), /^# TYPE edge_depot_files_total counter$/m);
    assert.deepEqual(box.listeners(), [`${GATEWAY}:8000`]);
    assert.deepEqual(JSON.parse(box.ok([SCRIPT, "status"], ENV).stdout), {
      running: true,
      totals: json("/v1/totals"),
      drift: [],
    });
  });

  it("serves ranges and conditional requests, and only what a client may read", () => {
    apply();
    put("objects/ab/cd.filez", "0123456789");
    const file = `${URL}/repo/objects/ab/cd.filez`;
    assert.equal(curl("-r", "2-4", file), "234");
    const headers = curl("-D", "-", "-o", "/dev/null", file);
    const etag = /^ETag: (\S+)/im.exec(headers)?.[1] ?? "";
    const modified = /^Last-Modified: (.*)\r$/im.exec(headers)?.[1] ?? "";
    assert.equal(code("-H", `If-None-Match: ${etag}`, file), "304");
    assert.equal(code("-H", `If-Modified-Since: ${modified}`, file), "304");
    assert.equal(code("-H", 'If-None-Match: "other"', file), "200");
    put("tmp/secret", "x");
    assert.equal(code(`${URL}/repo/tmp/secret`), "404");
    assert.equal(code("--path-as-is", `${URL}/repo/../depot/state.json`), "404");
    assert.equal(code("--path-as-is", `${URL}/repo/objects/../../services/supervisord.conf`), "404");
    assert.equal(code("-X", "PUT", "-d", "x", file), "403");
    assert.equal(code(`${URL}/repo/`), "403");
  });

  it("prints the running count and keeps totals per client", () => {
    apply();
    for (const name of ["a", "b", "c"]) put(`objects/00/${name}.filez`, "12345");
    const before = json<{ files: number; bytes: number }>("/v1/totals");
    for (const name of ["a", "b", "c", "none"]) code(`${URL}/repo/objects/00/${name}.filez`);
    const after = eventually("counted", () => {
      const totals = json<{ files: number; bytes: number; requests: number }>("/v1/totals");
      return totals.files >= before.files + 3 && totals;
    });
    assert.equal(after.files, before.files + 3);
    const [client] = json<{ client: string; device: string; kinds: { object: object } }[]>("/v1/clients");
    assert.equal(client?.client, GATEWAY);
    assert.equal(client.device, "edge-device-1");
    assert.equal((client.kinds.object as { files: number }).files, 3);
    assert.match(
      box.read("log/depot.log"),
      new RegExp(`^\\S+Z ${GATEWAY} GET /repo/objects/00/c.filez 200 files=\\d+ bytes=\\d+$`, "m"),
    );
  });

  it("knows a device by the address that it sends from, whatever it claims", () => {
    apply();
    assert.equal(report(), "200");
    const forged = { ...LAB, devices: [{ ...LAB.devices[0], address: "10.213.250.9" }] };
    apply(forged);
    const claim = ["-H", "X-Edge-Client: 10.213.250.9", "-H", "content-type: application/json", "-d", REPORT];
    assert.equal(code(...claim, `${URL}/v1/report`), "403");
    assert.equal(code("-d", "x".repeat(70_000), `${URL}/v1/report`), "413");
    assert.equal(code("-X", "PUT", "-d", "{}", `${URL}/v1/lab`), "404");
  });

  it("keeps counts, reports and locks over a second apply and over SIGKILL of everything", () => {
    apply();
    assert.equal(report(), "200");
    const lock = ["-H", "fleet-lock-protocol: true", "-H", "content-type: application/json"];
    const body = '{"client_params":{"id":"edge-device-1","group":"default"}}';
    assert.equal(code(...lock, "-d", body, `${URL}/v1/pre-reboot`), "200");
    const state = (): unknown => {
      const { totals } = json<{ totals: { files: number } }>("/v1/status");
      const [device] = json<{ report: { health: string } | null }[]>("/v1/devices");
      const { holders } = json<{ holders: { device: string }[] }>("/v1/lock");
      return [totals.files > 0, device?.report?.health, holders[0]?.device];
    };
    const expected = [true, "green", "edge-device-1"];
    curl(`${URL}/repo/config`);
    eventually("counted", () => json<{ files: number }>("/v1/totals").files > 0);
    eventually("stored", () => box.read("depot/data/state.json").includes('"health":"green"'));
    apply();
    assert.deepEqual(state(), expected);
    box.killAll();
    apply();
    assert.deepEqual(state(), expected);
  });

  it("goes on when a worker or the API dies", () => {
    apply();
    const [api] = box.processes("depot.cjs");
    assert.ok(api !== undefined);
    kill(api);
    eventually("the API is back", () => box.run(["curl", "-sf", `${URL}/v1/totals`]).status === 0, 30);
    const [master] = box.processes("nginx: master");
    assert.ok(master !== undefined);
    kill(master);
    eventually("nginx is new", () => box.processes("nginx: master").some((pid) => pid !== master));
    eventually("nginx serves", () => box.run(["curl", "-sf", `${URL}/repo/config`]).status === 0);
  });

  it("converges after SIGKILL of apply at any moment", async () => {
    for (const moment of [200, 700, 1500]) {
      await box.killAfter(moment, [SCRIPT, "apply"], ENV, JSON.stringify(LAB));
    }
    apply();
    assert.equal(code(`${URL}/repo/config`), "200");
  });

  it("refuses an input that is missing or makes no sense, with the reason", () => {
    assert.match(box.run([SCRIPT, "apply"], {}, JSON.stringify(LAB)).stderr, /EDGE_GATEWAY/);
    const portless = box.run([SCRIPT, "apply"], { EDGE_GATEWAY: GATEWAY }, JSON.stringify(LAB));
    assert.match(portless.stderr, /EDGE_DEPOT_PORT/);
    assert.match(box.run([SCRIPT, "apply"], ENV, "").stderr, /expected on stdin as JSON/);
    const { status, stderr } = box.run([SCRIPT, "apply"], ENV, '{"ref":"edge","devices":[]}');
    assert.equal(status, 1);
    assert.match(stderr, /error: the depot refuses the lab: .*upgradeGate/);
  });

  it("is gone after destroy, also when it was killed or never there; the repository stays", () => {
    box.ok([SCRIPT, "destroy"], ENV);
    apply();
    box.ok([SCRIPT, "destroy"], ENV);
    eventually("no process is left", () => box.processes().length === 0);
    assert.ok(!existsSync(box.path("depot")) && !existsSync(box.path("services")));
    assert.ok(existsSync(box.path("repo/config")));
    box.ok([SCRIPT, "destroy"], ENV);
    const { running, totals } = JSON.parse(box.ok([SCRIPT, "status"], ENV).stdout) as Record<string, unknown>;
    assert.deepEqual({ running, totals }, { running: false, totals: null });
  });
});
