import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";

import { FakeDepot } from "../support/fakeDepot";
import { Guest } from "../support/guest";

const GOOD = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;
const STORE = "var/home/core/.local/state/edge";
const STORAGE = "var/home/core/.local/share/containers/storage";
const MARKS = "run/user/1000/edge";
const BROKEN = `${MARKS}/app-broken`;
const MANIFEST = "/v2/httpd/manifests/prod";

/**
 * podman as far as the device's programs use it. In the storage: `json`, damaged if it is empty; `image`, which names
 * what is in it: good, or short after a power loss. `served` is what a pull brings; `shared` a damaged layer that
 * every pull reuses.
 */
const PODMAN = `
storage=$EDGE_ROOT/${STORAGE}
broken() { [ -d "$storage" ] && [ ! -s "$storage/json" ] && [ -e "$storage/json" ]; }
case "$1 $2" in
  "unshare rm") shift; exec "$@" ;;
  "version --format") echo "$(cat "$EDGE_ROOT/podman-version")"; exit ;;
esac
if [ -e "$EDGE_ROOT/busy" ]; then exit 124; fi
if broken; then echo "time=x level=error" >&2; echo "Error: unexpected end of JSON input" >&2; exit 125; fi
mkdir -p "$storage"
case "$1 $2" in
  "image exists") [ -e "$storage/image" ] ;;
  "system check") [ -e "$storage/shared" ] || exit 0
    case $* in *--repair*) rm -f "$storage/shared" "$storage/image" ;; *) echo "Damaged layer 1234:"; exit 125 ;; esac ;;
  images*) [ ! -e "$storage/image" ] || echo 0a1b2c ;;
  rmi*) rm -f "$storage/image" ;;
  run*) [ -e "$storage/image" ] || exit 125 ;;
  pull*) [ -e "$EDGE_ROOT/served" ] || exit 125
    cp "$EDGE_ROOT/served" "$storage/image"; [ ! -e "$storage/shared" ] || echo short >"$storage/image" ;;
esac`;

describe("guest: an app that does not start", () => {
  let guest: Guest;
  let registry: FakeDepot;
  beforeEach(async () => {
    guest = new Guest();
    registry = new FakeDepot();
    await registry.start();
    guest.noStandIn("curl");
    guest.device({ EDGE_REGISTRY: registry.address });
    guest.write("etc/edge/edge.conf", "EDGE_APP_TRIAL_SECONDS=0\n");
    guest.write("podman-version", "5.4.2\n");
    guest.standIn("podman", PODMAN);
    guest.standIn("systemctl", "exit 3");
    guest.write(
      "usr/libexec/edge/app-ready",
      `#!/bin/sh\necho "ready $*" >>"$EDGE_ROOT/calls"; grep -q good "$EDGE_ROOT/${STORAGE}/image"\n`,
    );
    guest.write(`${MARKS}/app-prepared`, "");
    guest.write(`${STORE}/image`, `${GOOD}\n`);
    guest.write(`${STORAGE}/json`, "{}");
    guest.write("served", "good\n");
    tag(GOOD);
  });
  afterEach(async () => {
    await registry.stop();
    guest.remove();
  });

  const tag = (digest: string): void =>
    registry.answer(MANIFEST, { headers: { "docker-content-digest": digest } });
  const away = (): void => registry.answer(MANIFEST, { status: 503 });
  /** The app of this content did not start. */
  const failed = (image: string | undefined): void => {
    if (image !== undefined) guest.write(`${STORAGE}/image`, `${image}\n`);
    guest.write(BROKEN, "the container ended before it answered\n");
  };
  const update = async (): Promise<string> => {
    const outcome = await guest.served("usr/libexec/edge/app-update", [], {
      XDG_RUNTIME_DIR: `${guest.root}/run/user/1000`,
    });
    assert.equal(outcome.status, 0, outcome.stderr);
    return outcome.stderr;
  };
  const state = (): string => guest.shell('read_app; printf "%s" "$APP_STATE"');
  const uptime = (seconds: number): void => guest.write("proc/uptime", `${seconds}.12 1.00\n`);
  const podman = (verb: string): string[] =>
    guest.calls().filter((call) => call.startsWith(`podman ${verb}`));

  it("whose image is good after all is tried, and nothing is removed", async () => {
    failed("good");
    await update();
    assert.equal(state(), "zero");
    assert.deepEqual([...podman("rmi"), ...podman("pull"), ...podman("system")], []);
  });

  it("whose image is damaged: dropped with its layers, fetched again, tried", async () => {
    failed("short");
    assert.match(await update(), /the app starts again, from an image that was fetched anew/);
    assert.equal(state(), "zero");
    assert.deepEqual(
      guest
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
    assert.deepEqual(podman("rmi"), ["podman rmi --force --ignore 0a1b2c"]);
    assert.equal(guest.read(`${STORE}/image`), `${GOOD}\n`);
  });

  it("without the registry nothing is removed, and it says so; it heals when the registry is back", async () => {
    away();
    failed("short");
    assert.match(await update(), /the registry does not answer/);
    // Once in the log, however often it is tried.
    assert.doesNotMatch(await update(), /the registry does not answer/);
    assert.match(state(), /^failed: the container ended before it answered; the registry does not answer/);
    assert.deepEqual(podman("rmi"), []);
    tag(GOOD);
    await update();
    assert.equal(state(), "zero");
  });

  it("a fetch that breaks off is taken up again, whatever else was tried", async () => {
    guest.shell('rm "$ROOT/served"');
    failed("short");
    await update();
    assert.match(state(), /^failed: .*still does not start/);
    await update();
    guest.write("served", "good\n");
    guest.forgetCalls();
    await update();
    assert.equal(state(), "zero");
    assert.deepEqual(podman("rmi"), []);
  });

  it("podman's storage damaged: set aside, removed, and the image fetched into a new one", async () => {
    guest.write(`${STORAGE}/json`, "");
    guest.write("run/user/1000/libpod/tmp/alive", "");
    guest.write("run/user/1000/containers/overlay-layers/layers.json", "");
    failed(undefined);
    assert.match(await update(), /podman fails: Error: unexpected end of JSON input/);
    assert.equal(state(), "zero");
    assert.ok(!guest.has(`${STORAGE}/json`));
    assert.equal(guest.shell('ls "$ROOT/var/home/core/.local/share/containers"'), "storage\n");
    for (const path of ["libpod/tmp", "containers"]) assert.ok(!guest.has(`run/user/1000/${path}`), path);
    assert.equal(guest.read(`${STORE}/image`), `${GOOD}\n`);
  });

  it("a podman that fails because the disk is full loses nothing, and heals once there is room", async () => {
    const free = (mib: number): void =>
      guest.standIn(
        "stat",
        `case "$*" in *--file-system*) echo "${mib * 256} 4096" ;; *) exec /usr/bin/stat "$@" ;; esac`,
      );
    free(31);
    failed("good");
    guest.write(`${STORAGE}/json`, "");
    await update();
    assert.match(state(), /; the disk is full: nothing is removed or fetched before there is room$/);
    assert.ok(guest.has(`${STORAGE}/image`));
    assert.deepEqual(podman("pull"), []);
    guest.write(`${STORAGE}/json`, "{}");
    await update();
    assert.equal(state(), "zero");
    free(32);
    failed("short");
    await update();
    assert.equal(state(), "zero");
    assert.equal(podman("pull").length, 1);
  });

  it("what could not be removed of it is removed later", async () => {
    guest.standIn("podman", PODMAN.replace('shift; exec "$@"', "exit 125"));
    guest.write(`${STORAGE}/json`, "");
    failed(undefined);
    assert.match(await update(), /could not be removed: tried again later/);
    assert.equal(state(), "zero");
    guest.standIn("podman", PODMAN);
    await update();
    assert.equal(guest.shell('ls "$ROOT/var/home/core/.local/share/containers"'), "storage\n");
  });

  for (const [name, ends] of [
    ["catatonit", true],
    ["sshd", false],
  ] as const) {
    it(`the storage's pause process ends, and no other: ${name}`, async () => {
      const pause = spawn("sleep", ["60"]);
      const gone = once(pause, "exit").then(() => true);
      guest.write("run/user/1000/libpod/tmp/pause.pid", `${pause.pid}`);
      guest.write(`proc/${pause.pid}/comm`, `${name}\n`);
      guest.write(`${STORAGE}/json`, "");
      failed(undefined);
      await update();
      const ended = await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 300, false))]);
      pause.kill();
      assert.equal(ended, ends);
    });
  }

  it("a boot whose podman fails takes no requests until it is mended", async () => {
    guest.write(`${STORAGE}/json`, "");
    guest.shell(`rm "$ROOT/${MARKS}/app-prepared"`);
    away();
    await update();
    assert.ok(guest.has(`${MARKS}/app-prepared`));
    assert.match(state(), /^failed: podman fails: Error: unexpected end of JSON input; the registry/);
    assert.ok(guest.has(`${STORAGE}/json`));
    tag(GOOD);
    await update();
    assert.equal(state(), "zero");
  });

  it("a podman that does not answer in time on a busy device loses nothing", async () => {
    failed("short");
    guest.write("busy", "");
    await update();
    assert.match(state(), /podman does not answer: tried again later$/);
    assert.deepEqual([...podman("rmi"), ...podman("pull")], []);
  });

  it("an image that never starts: each remedy once, and again only much later", async () => {
    guest.write("served", "never\n");
    failed("never");
    uptime(1000);
    await update();
    assert.match(state(), /^failed: .*; its image was fetched anew \(image\), and it still does not start$/);
    await update();
    assert.match(state(), /fetched anew \(storage\)/);
    guest.forgetCalls();
    uptime(2700);
    await update();
    assert.deepEqual([...podman("rmi"), ...podman("pull"), ...podman("unshare")], []);
    uptime(2900);
    await update();
    assert.equal(podman("rmi").length, 1);
  });

  it("one that only a trial can start does not flap: the next time it is fetched anew", async () => {
    failed("good");
    await update();
    assert.equal(state(), "zero");
    for (let i = 0; i < 4; i++) {
      failed(undefined);
      await update();
      assert.equal(podman("rmi").length, 1);
    }
    assert.match(state(), /^failed: /);
  });

  it("a start that may still succeed is not disturbed", async () => {
    failed("short");
    guest.standIn("systemctl", "echo start-post");
    await update();
    assert.deepEqual(podman(""), []);
  });

  it("an image that was refused here is not fetched in place of the damaged one", async () => {
    tag(OTHER);
    guest.write(`${STORE}/refused`, `${OTHER}\n`);
    failed("short");
    await update();
    assert.deepEqual(podman("pull"), [`podman pull --quiet ${registry.address}/httpd@${GOOD}`]);
    assert.deepEqual(podman("tag"), [
      `podman tag ${registry.address}/httpd@${GOOD} ${registry.address}/httpd:prod`,
    ]);
    assert.match(state(), /^zero, image refused/);
  });

  it("a new image is not refused for a damaged layer that it shares with the one before", async () => {
    guest.write(`${STORAGE}/image`, "good\n");
    guest.write(`${STORAGE}/shared`, "");
    tag(OTHER);
    const said = await update();
    assert.match(said, /podman system check: Damaged layer 1234:/);
    assert.ok(!guest.has(`${STORE}/refused`));
    assert.equal(guest.read(`${STORAGE}/image`), "good\n");
    await update();
    assert.equal(guest.read(`${STORE}/image`), `${OTHER}\n`);
    assert.ok(!guest.has(`${STORE}/refused`));
  });

  for (const version of ["5.4.2", "4.9.4"]) {
    it(`a bad new image is refused, on a damaged storage at the second time: podman ${version}`, async () => {
      guest.write("podman-version", `${version}\n`);
      guest.write(`${STORAGE}/image`, "good\n");
      if (version.startsWith("5")) guest.write(`${STORAGE}/shared`, "");
      guest.write("served", "never\n");
      tag(OTHER);
      await update();
      await update();
      assert.equal(guest.read(`${STORE}/refused`), `${OTHER}\n`);
      assert.equal(guest.read(`${STORE}/image`), `${GOOD}\n`);
      assert.equal(podman("system check --quick --repair").length, version.startsWith("5") ? 1 : 0);
    });
  }
});
