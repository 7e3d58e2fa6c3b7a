import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";

import { eventually, GATEWAY, needs, Sandbox } from "../support/sandbox";

const SCRIPT = "assets/host/registry.sh";
const PORT = "5000";
const ENV = { EDGE_GATEWAY: GATEWAY, EDGE_REGISTRY_PORT: PORT };

describe("registry.sh", () => {
  let box: Sandbox;
  before(function () {
    needs(this, "docker-registry", "supervisord", "jq", "curl", "bwrap");
  });
  beforeEach(() => (box = new Sandbox()));
  afterEach(() => box.remove());

  const apply = (env: Record<string, string> = ENV): Record<string, unknown> =>
    JSON.parse(box.ok([SCRIPT, "apply"], env).stdout) as Record<string, unknown>;
  const status = (): unknown => {
    const { drift: _, ...rest } = JSON.parse(box.ok([SCRIPT, "status"], ENV).stdout) as Record<
      string,
      unknown
    >;
    return rest;
  };
  const http = (path: string, ...args: string[]): string =>
    box.ok(["curl", "-sS", "-m", "5", ...args, `http://${GATEWAY}:${PORT}${path}`]).stdout;

  it("answers on the gateway's address and on no other, with one line of JSON", () => {
    const { stdout } = box.ok([SCRIPT, "apply"], ENV);
    assert.equal(stdout, `{"address":"${GATEWAY}:${PORT}","url":"http://${GATEWAY}:${PORT}"}\n`);
    assert.equal(http("/v2/"), "{}");
    assert.deepEqual(box.listeners(), [`${GATEWAY}:${PORT}`]);
    assert.deepEqual(status(), { running: true, address: `${GATEWAY}:${PORT}` });
  });

  it("keeps what was pushed, and allows to delete it", () => {
    apply();
    const digest = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    const upload = http("/v2/test/blobs/uploads/", "-X", "POST", "-D", "-", "-o", "/dev/null");
    const location = /^Location: (\S+)/im.exec(upload)?.[1] ?? "";
    box.ok([
      "curl",
      "-sSf",
      "-X",
      "PUT",
      "-H",
      "Content-Type: application/octet-stream",
      "--data-binary",
      "foo",
      `${location}&digest=${digest}`,
    ]);
    apply();
    assert.equal(http(`/v2/test/blobs/${digest}`), "foo");
    box.killAll();
    apply();
    assert.equal(http(`/v2/test/blobs/${digest}`), "foo");
    assert.match(
      http(`/v2/test/blobs/${digest}`, "-X", "DELETE", "-o", "/dev/null", "-w", "%{http_code}"),
      /202/,
    );
  });

  it("names its own address in an answer, whatever name the client asks by", () => {
    apply();
    const foreign = ["-X", "POST", "-D", "-", "-o", "/dev/null", "-H", "Host: evil.example"];
    const answer = http("/v2/test/blobs/uploads/", ...foreign);
    assert.match(answer, new RegExp(`^Location: http://${GATEWAY}:${PORT}/v2/test/`, "im"));
    assert.doesNotMatch(answer, /evil/);
  });

  it("takes over what a version that ran as root has stored", () => {
    mkdirSync(box.path("registry/data/docker/registry/v2/repositories"), { recursive: true });
    apply();
    const upload = http("/v2/test/blobs/uploads/", "-X", "POST", "-o", "/dev/null", "-w", "%{http_code}");
    assert.equal(upload, "202");
  });

  it("is down after stop, and after apply has what it had", () => {
    apply();
    box.ok([SCRIPT, "stop"], ENV);
    assert.deepEqual(box.listeners(), []);
    assert.deepEqual(status(), { running: false, address: `${GATEWAY}:${PORT}` });
    box.ok([SCRIPT, "stop"], ENV);
    apply();
    assert.equal(http("/v2/"), "{}");
  });

  it("moves to another port when that changes", () => {
    apply();
    assert.equal(apply({ ...ENV, EDGE_REGISTRY_PORT: "5001" }).address, `${GATEWAY}:5001`);
    assert.deepEqual(box.listeners(), [`${GATEWAY}:5001`]);
  });

  it("names the input that is missing and the address that is not there", () => {
    const missing = box.run([SCRIPT, "apply"]);
    assert.notEqual(missing.status, 0);
    assert.match(missing.stderr, /EDGE_GATEWAY/);
    assert.equal(missing.stdout, "");
    assert.match(box.run([SCRIPT, "apply"], { EDGE_GATEWAY: GATEWAY }).stderr, /EDGE_REGISTRY_PORT/);
    assert.match(
      box.run([SCRIPT, "apply"], { EDGE_STATE_DIR: "relative" }).stderr,
      /is not an absolute path/,
    );
    assert.match(box.run([SCRIPT]).stderr, /usage: registry\.sh apply\|destroy\|status/);
  });

  it("gives up where it cannot listen, and says why", () => {
    apply(); // now move the running registry to an address that does not exist
    const { status: code, stderr } = box.run([SCRIPT, "apply"], { ...ENV, EDGE_GATEWAY: "10.213.99.1" });
    assert.equal(code, 1);
    assert.match(stderr, /^error: no interface has the address 10\.213\.99\.1$/m);
  });

  it("is gone after destroy, also when it was killed or never there", () => {
    box.ok([SCRIPT, "destroy"], ENV);
    apply();
    box.ok([SCRIPT, "destroy"], ENV);
    eventually("no process is left", () => box.processes().length === 0);
    assert.ok(!existsSync(box.path("registry")) && !existsSync(box.path("services")));
    box.ok([SCRIPT, "destroy"], ENV);
    assert.deepEqual(status(), { running: false, address: null });
    apply();
    box.killAll();
    box.ok([SCRIPT, "destroy"], ENV);
    assert.ok(!existsSync(box.path("registry")));
  });
});
