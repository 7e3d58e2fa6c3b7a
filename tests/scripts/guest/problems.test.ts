import assert from "node:assert/strict";

import { Guest } from "../support/guest";

/** A device whose disk is full, or whose state files are damaged. */
describe("guest: problems", () => {
  let guest: Guest;
  beforeEach(() => (guest = new Guest()));
  afterEach(() => guest.remove());

  /** Free space on /var, MiB, as stat tells it. */
  const free = (mib: number): void =>
    guest.standIn(
      "stat",
      `case "$*" in *--file-system*) echo "${mib * 256 + 4096} 4096 3891426" ;; *) exec /usr/bin/stat "$@" ;; esac`,
    );
  const problems = (): string[] =>
    guest
      .shell('read_problems; printf %s "$PROBLEMS"')
      .split("\n")
      .filter((line) => line !== "");
  const boot = (): string => guest.ok("usr/libexec/edge/provision", ["boot"]).stderr;

  it("a device with room has none, and keeps a reserve", () => {
    free(5000);
    boot();
    guest.shell("keep_reserve");
    assert.ok(guest.has("var/lib/edge/reserve"));
    assert.deepEqual(problems(), []);
  });

  it("a full disk gives the reserve back at boot and is reported, also on what that freed", () => {
    free(5000);
    boot();
    guest.shell("keep_reserve");
    free(3);
    assert.match(boot(), /3 MiB are free on \/var: the reserve of 96 MiB is given up/);
    assert.equal(guest.has("var/lib/edge/reserve"), false);
    assert.deepEqual(problems(), ["the disk is full: 3 MiB are free on /var"]);
    free(35);
    guest.shell("keep_reserve");
    assert.equal(guest.has("var/lib/edge/reserve"), false);
    assert.deepEqual(problems(), ["the disk is full: 35 MiB are free on /var"]);
    free(5000);
    assert.deepEqual(problems(), []);
  });

  it("a /var that takes nothing: the configuration is there, and the boot gets a verdict", () => {
    const health = `${guest.root}/var/lib/edge/health`;
    guest.bash(`mkdir -p "${guest.root}/var/lib/edge"; rm -rf "${health}"; : >"${health}"`);
    assert.match(boot(), /could not be written to .*: kept in \/run/);
    assert.ok(guest.has("run/edge/keepalived.conf"));
    guest.shell("health_verdict green");
    assert.equal(guest.read("run/edge/health"), "green\n");
    assert.equal((guest.json("run/edge/health.json") as { result: string }).result, "green");
  });

  it("a step that fails is a problem, and the steps after it are done", () => {
    guest.bash(`rm -rf "$EDGE_ROOT/etc/containers/registries.conf.d"; mkdir -p "$EDGE_ROOT/etc/containers"
      : >"$EDGE_ROOT/etc/containers/registries.conf.d"`);
    boot();
    assert.deepEqual(problems(), ["provisioning at boot: render_registry failed"]);
    assert.ok(guest.has("run/edge/keepalived.conf"));
  });

  for (const [what, text] of [
    ["cut off", '[{"commit":"'],
    ["NULs", "\0".repeat(512)],
    ["NULs inside", '[{"commit":"a\0b"}]'],
    ["empty", ""],
  ] as const) {
    it(`a list of failed commits that is ${what} is set aside, and reports go on`, () => {
      guest.write("var/lib/edge/failed.json", text);
      assert.match(boot(), /failed\.json is damaged: set aside/);
      assert.deepEqual(problems(), [
        "/var/lib/edge/failed.json was damaged and is set aside as failed.json.damaged",
      ]);
      const state = guest.shell("edge_load_env; device_state periodic green");
      assert.deepEqual((JSON.parse(state) as { failed: unknown[] }).failed, []);
    });

    it(`one that is ${what} only after the boot ends no report either`, () => {
      guest.write("var/lib/edge/failed.json", text);
      const state = guest.shell("edge_load_env; device_state periodic green");
      assert.deepEqual((JSON.parse(state) as { failed: unknown[] }).failed, []);
    });
  }

  it("half a record of a boot is set aside; whole ones stay", () => {
    guest.write("var/lib/edge/health/b1.json", '{"bootId":"b1","commit"');
    guest.write("var/lib/edge/health/b2.json", '{"bootId":"b2"}\n');
    boot();
    assert.ok(guest.has("var/lib/edge/health/b1.json.damaged"));
    assert.ok(guest.has("var/lib/edge/health/b2.json"));
    assert.equal(problems().length, 1);
  });
});
