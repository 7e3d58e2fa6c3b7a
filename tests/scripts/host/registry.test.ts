import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";

import { eventually, GATEWAY, needs, Sandbox } from "../support/sandbox";

const SCRIPT = "assets/host/registry.sh";
const PORT = "5000";
/** Where only this host can ask: the same address in the loopback network. */
const PUSH = `127.${GATEWAY.split(".").slice(1).join(".")}:${PORT}`;
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

  /** Only this host's root has what writing needs. */
  const written = (path: string, ...args: string[]): string =>
    box.ok([
      ...["curl", "-sS", "-m", "5", "--netrc-file", box.path("registry/push/netrc")],
      ...[...args, `http://${PUSH}${path}`],
    ]).stdout;
  const code = ["-o", "/dev/null", "-w", "%{http_code}"];
  const DIGEST = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
  /** Pushes a blob with the content foo. */
  const upload = (): void => {
    const begun = written("/v2/test/blobs/uploads/", "-X", "POST", "-D", "-", "-o", "/dev/null");
    const location = new URL(/^Location: (\S+)/im.exec(begun)?.[1] ?? "");
    assert.equal(location.host, PUSH);
    const put = ["-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary", "foo"];
    assert.equal(written(`${location.pathname}${location.search}&digest=${DIGEST}`, ...put, ...code), "201");
  };

  it("answers on the gateway's address and on one of loopback, with one line of JSON", () => {
    const { stdout } = box.ok([SCRIPT, "apply"], ENV);
    assert.equal(
      stdout,
      `{"address":"${GATEWAY}:${PORT}","url":"http://${GATEWAY}:${PORT}","push":"${PUSH}"}\n`,
    );
    assert.equal(http("/v2/"), "{}");
    assert.deepEqual(box.listeners().sort(), [`${GATEWAY}:${PORT}`, PUSH]);
    assert.deepEqual(status(), { running: true, address: `${GATEWAY}:${PORT}` });
  });

  it("keeps what was pushed, and allows to delete it", () => {
    apply();
    upload();
    apply();
    assert.equal(http(`/v2/test/blobs/${DIGEST}`), "foo");
    box.killAll();
    apply();
    assert.equal(http(`/v2/test/blobs/${DIGEST}`), "foo");
    assert.equal(written(`/v2/test/blobs/${DIGEST}`, "-X", "DELETE", ...code), "202");
    assert.equal(http(`/v2/test/blobs/${DIGEST}`, ...code), "404");
  });

  it("takes nothing from whoever has no credential: no push, no tag, no delete", () => {
    apply();
    upload();
    const manifest = JSON.stringify({ schemaVersion: 2, config: {}, layers: [] });
    for (const [method, path, ...more] of [
      ["POST", "/v2/test/blobs/uploads/"],
      [
        "PUT",
        "/v2/test/manifests/prod",
        "-H",
        "Content-Type: application/vnd.oci.image.manifest.v1+json",
        "-d",
        manifest,
      ],
      ["DELETE", `/v2/test/blobs/${DIGEST}`],
      ["DELETE", "/v2/test/manifests/prod"],
    ] as const) {
      assert.equal(http(path, "-X", method, ...more, ...code), "405", `${method} ${path}`);
      for (const credential of [[], ["-u", "edge-lab:"], ["-u", "edge-lab:edge-lab"]]) {
        const asked = ["curl", "-sS", "-m", "5", ...credential, "-X", method, ...more, ...code];
        assert.equal(box.ok([...asked, `http://${PUSH}${path}`]).stdout, "401", `${method} ${path}`);
      }
    }
    assert.equal(http(`/v2/test/blobs/${DIGEST}`), "foo");
    const own = written(
      "/v2/test/manifests/prod",
      "-X",
      "PUT",
      "-H",
      "Content-Type: text/plain",
      "-d",
      "x",
      ...code,
    );
    assert.equal(own, "400");
  });

  it("shows the credential to root alone, and makes it anew when it is lost", () => {
    apply();
    const password = box.read("registry/push/password").trim();
    for (const name of ["", "/password", "/netrc", "/auth.json"])
      assert.equal(statSync(box.path(`registry/push${name}`)).mode & 0o077, 0, name);
    assert.ok(!box.read("registry/htpasswd").includes(password));
    for (const name of ["registry", "registry-push"]) {
      assert.ok(!box.read(`services/${name}.run`).includes(password));
      assert.ok(!box.read(`log/${name}.log`).includes(password));
    }
    apply();
    assert.equal(box.read("registry/push/password").trim(), password);
    rmSync(box.path("registry/push"), { recursive: true });
    apply();
    assert.notEqual(box.read("registry/push/password").trim(), password);
    upload();
  });

  it("takes over what a version that ran as root has stored", () => {
    mkdirSync(box.path("registry/data/docker/registry/v2/repositories"), { recursive: true });
    apply();
    upload();
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
    assert.deepEqual(box.listeners().sort(), [`${GATEWAY}:5001`, PUSH.replace(PORT, "5001")]);
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
