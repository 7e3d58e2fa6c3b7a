import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";

import { FailingApp, GOOD, MARKS, PODMAN, STORAGE, STORE } from "../support/failingApp";

describe("guest: a container storage that is damaged, or on a full disk", () => {
  let app: FailingApp;
  beforeEach(async () => {
    app = new FailingApp();
    await app.start();
  });
  afterEach(() => app.remove());

  it("podman's storage damaged: set aside, removed, and the image fetched into a new one", async () => {
    app.guest.write(`${STORAGE}/json`, "");
    app.guest.write("run/user/1000/libpod/tmp/alive", "");
    app.guest.write("run/user/1000/containers/overlay-layers/layers.json", "");
    app.failed(undefined);
    assert.match(await app.update(), /podman fails: Error: unexpected end of JSON input/);
    assert.equal(app.state(), "zero");
    assert.ok(!app.guest.has(`${STORAGE}/json`));
    assert.equal(app.guest.shell('ls "$ROOT/var/home/core/.local/share/containers"'), "storage\n");
    for (const path of ["libpod/tmp", "containers"]) assert.ok(!app.guest.has(`run/user/1000/${path}`), path);
    assert.equal(app.guest.read(`${STORE}/image`), `${GOOD}\n`);
  });

  it("a podman that fails because the disk is full loses nothing, and heals once there is room", async () => {
    const free = (mib: number): void =>
      app.guest.standIn(
        "stat",
        `case "$*" in *--file-system*) echo "${mib * 256} 4096 3891426" ;; *) exec /usr/bin/stat "$@" ;; esac`,
      );
    free(31);
    app.failed("good");
    app.guest.write(`${STORAGE}/json`, "");
    await app.update();
    assert.match(app.state(), /; the disk is full: nothing is removed or fetched before there is room$/);
    assert.ok(app.guest.has(`${STORAGE}/image`));
    assert.deepEqual(app.podman("pull"), []);
    app.guest.write(`${STORAGE}/json`, "{}");
    await app.update();
    assert.equal(app.state(), "zero");
    free(32);
    app.failed("short");
    await app.update();
    assert.equal(app.state(), "zero");
    assert.equal(app.podman("pull").length, 1);
  });

  it("what could not be removed of it is removed later", async () => {
    app.guest.standIn("podman", PODMAN.replace('shift; exec "$@"', "exit 125"));
    app.guest.write(`${STORAGE}/json`, "");
    app.failed(undefined);
    assert.match(await app.update(), /could not be removed: tried again later/);
    assert.equal(app.state(), "zero");
    app.guest.standIn("podman", PODMAN);
    await app.update();
    assert.equal(app.guest.shell('ls "$ROOT/var/home/core/.local/share/containers"'), "storage\n");
  });

  for (const [name, ends] of [
    ["catatonit", true],
    ["sshd", false],
  ] as const) {
    it(`the storage's pause process ends, and no other: ${name}`, async () => {
      const pause = spawn("sleep", ["60"]);
      const gone = once(pause, "exit").then(() => true);
      app.guest.write("run/user/1000/libpod/tmp/pause.pid", `${pause.pid}`);
      app.guest.write(`proc/${pause.pid}/comm`, `${name}\n`);
      app.guest.write(`${STORAGE}/json`, "");
      app.failed(undefined);
      await app.update();
      const ended = await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 300, false))]);
      pause.kill();
      assert.equal(ended, ends);
    });
  }

  it("a boot whose podman fails takes no requests until it is mended", async () => {
    app.guest.write(`${STORAGE}/json`, "");
    app.guest.shell(`rm "$ROOT/${MARKS}/app-prepared"`);
    app.away();
    await app.update();
    assert.ok(app.guest.has(`${MARKS}/app-prepared`));
    assert.match(app.state(), /^failed: podman fails: Error: unexpected end of JSON input; the registry/);
    assert.ok(app.guest.has(`${STORAGE}/json`));
    app.tag(GOOD);
    await app.update();
    assert.equal(app.state(), "zero");
  });

  it("an image that a power loss has damaged is fetched anew before the boot takes requests", async () => {
    app.guest.write(`${STORAGE}/image`, "short\n");
    app.guest.delete(`${MARKS}/app-prepared`);
    const noteFit = `[ ! -e "$EDGE_ROOT/${MARKS}/app-prepared" ] || echo fit >>"$EDGE_ROOT/calls"`;
    app.guest.standIn("podman", `${noteFit}${PODMAN}`);
    app.guest.standIn(
      "systemctl",
      `${noteFit}
      [ "$*" = "--user start container-httpd.service" ] || exit 3
      grep -q good "$EDGE_ROOT/${STORAGE}/image" && exit
      echo "the container ended before it answered" >"$EDGE_ROOT/${MARKS}/app-broken"; exit 1`,
    );
    await app.update();
    assert.equal(app.podman("pull").length, 1);
    assert.ok(!app.guest.calls().includes("fit"));
    assert.equal(app.state(), "zero");
    assert.ok(app.guest.has(`${MARKS}/app-prepared`));
  });
});
