import assert from "node:assert/strict";

import { FailingApp, GOOD, OTHER, STORAGE, STORE } from "../support/failingApp";

describe("guest: an app that does not start", () => {
  let app: FailingApp;
  beforeEach(async () => {
    app = new FailingApp();
    await app.start();
  });
  afterEach(() => app.remove());

  it("whose image is good after all is tried, and nothing is removed", async () => {
    app.failed("good");
    await app.update();
    assert.equal(app.state(), "zero");
    assert.deepEqual([...app.podman("rmi"), ...app.podman("pull"), ...app.podman("system")], []);
  });

  it("whose image is damaged: dropped with its layers, fetched again, tried", async () => {
    app.failed("short");
    assert.match(await app.update(), /the app starts again, from an image that was fetched anew/);
    assert.equal(app.state(), "zero");
    assert.deepEqual(
      app.guest
        .calls()
        .filter((call) => /^(podman|ready|systemctl)/.test(call))
        .map((call) =>
          call
            .split(" ")
            .slice(0, call.startsWith("podman") ? 3 : 1)
            .join(" "),
        ),
      [
        "systemctl",
        "podman image exists",
        "podman rm --force",
        "podman run --detach",
        "ready",
        "podman logs --tail",
        "podman rm --force",
        "systemctl",
        "podman images --quiet",
        "podman rmi --force",
        "podman image prune",
        "podman pull --quiet",
        "podman rm --force",
        "podman run --detach",
        "ready",
        "podman rm --force",
      ],
    );
    assert.deepEqual(app.podman("rmi"), ["podman rmi --force --ignore 0a1b2c"]);
    assert.equal(app.guest.read(`${STORE}/image`), `${GOOD}\n`);
  });

  it("without the registry nothing is removed, and it says so; it heals when the registry is back", async () => {
    app.away();
    app.failed("short");
    assert.match(await app.update(), /the registry does not answer/);
    // Once in the log, however often it is tried.
    assert.doesNotMatch(await app.update(), /the registry does not answer/);
    assert.match(
      app.state(),
      /^failed: the container ended before it answered; the registry does not answer/,
    );
    assert.deepEqual(app.podman("rmi"), []);
    app.tag(GOOD);
    await app.update();
    assert.equal(app.state(), "zero");
  });

  it("a fetch that breaks off is taken up again, whatever else was tried", async () => {
    app.guest.shell('rm "$ROOT/served"');
    app.failed("short");
    await app.update();
    assert.match(app.state(), /^failed: .*still does not start/);
    await app.update();
    app.guest.write("served", "good\n");
    app.guest.forgetCalls();
    await app.update();
    assert.equal(app.state(), "zero");
    assert.deepEqual(app.podman("rmi"), []);
  });

  it("a podman that does not answer in time on a busy device loses nothing", async () => {
    app.failed("short");
    app.guest.write("busy", "");
    await app.update();
    assert.match(app.state(), /podman does not answer: tried again later$/);
    assert.deepEqual([...app.podman("rmi"), ...app.podman("pull")], []);
  });

  it("an image that never starts: each remedy once, and again only much later", async () => {
    app.guest.write("served", "never\n");
    app.failed("never");
    app.uptime(1000);
    await app.update();
    assert.match(
      app.state(),
      /^failed: .*; its image was fetched anew \(image\), and it still does not start$/,
    );
    await app.update();
    assert.match(app.state(), /fetched anew \(storage\)/);
    app.guest.forgetCalls();
    app.uptime(2700);
    await app.update();
    assert.deepEqual([...app.podman("rmi"), ...app.podman("pull"), ...app.podman("unshare")], []);
    app.uptime(2900);
    await app.update();
    assert.equal(app.podman("rmi").length, 1);
  });

  it("one that only a trial can start does not flap: the next time it is fetched anew", async () => {
    app.failed("good");
    await app.update();
    assert.equal(app.state(), "zero");
    for (let i = 0; i < 4; i++) {
      app.failed(undefined);
      await app.update();
      assert.equal(app.podman("rmi").length, 1);
    }
    assert.match(app.state(), /^failed: /);
  });

  it("a start that may still succeed is not disturbed", async () => {
    app.failed("short");
    app.guest.standIn("systemctl", "echo start-post");
    await app.update();
    assert.deepEqual(app.podman(""), []);
  });

  it("an image that was refused here is not fetched in place of the damaged one", async () => {
    app.tag(OTHER);
    app.guest.write(`${STORE}/refused`, `${OTHER}\n`);
    app.failed("short");
    await app.update();
    assert.deepEqual(app.podman("pull"), [`podman pull --quiet ${app.registry.address}/httpd@${GOOD}`]);
    assert.deepEqual(app.podman("tag"), [
      `podman tag ${app.registry.address}/httpd@${GOOD} ${app.registry.address}/httpd:prod`,
    ]);
    assert.match(app.state(), /^zero, image refused/);
  });

  it("a new image is not refused for a damaged layer that it shares with the one before", async () => {
    app.guest.write(`${STORAGE}/image`, "good\n");
    app.guest.write(`${STORAGE}/shared`, "");
    app.tag(OTHER);
    const said = await app.update();
    assert.match(said, /podman system check: Damaged layer 1234:/);
    assert.ok(!app.guest.has(`${STORE}/refused`));
    assert.equal(app.guest.read(`${STORAGE}/image`), "good\n");
    await app.update();
    assert.equal(app.guest.read(`${STORE}/image`), `${OTHER}\n`);
    assert.ok(!app.guest.has(`${STORE}/refused`));
  });

  for (const version of ["5.4.2", "4.9.4"]) {
    it(`a bad new image is refused, on a damaged storage at the second time: podman ${version}`, async () => {
      app.guest.write("podman-version", `${version}\n`);
      app.guest.write(`${STORAGE}/image`, "good\n");
      if (version.startsWith("5")) app.guest.write(`${STORAGE}/shared`, "");
      app.guest.write("served", "never\n");
      app.tag(OTHER);
      await app.update();
      await app.update();
      assert.equal(app.guest.read(`${STORE}/refused`), `${OTHER}\n`);
      assert.equal(app.guest.read(`${STORE}/image`), `${GOOD}\n`);
      assert.equal(app.podman("system check --quick --repair").length, version.startsWith("5") ? 1 : 0);
    });
  }
});
