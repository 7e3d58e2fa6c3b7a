import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { eventually, needs, Sandbox } from "../support/sandbox";

const LIB = join(process.cwd(), "assets/host/lib");
const LOAD = `set -euo pipefail; for part in paths log wait service; do . "${LIB}/$part.sh"; done`;

describe("service helper with systemd as process 1", () => {
  let box: Sandbox;
  let program: string;
  let units: string;
  let fake: string;
  // Records its calls; a unit is active once it has been started.
  const SYSTEMCTL = `#!/usr/bin/env bash
printf '%s\\n' "$*" >>"\${0%/*}/calls"
case "$*" in
  *is-active*) grep -q '^start ' "\${0%/*}/calls" ;;
esac
`;
  before(function () {
    needs(this, "flock", "bwrap", "setpriv");
  });
  beforeEach(() => {
    box = new Sandbox();
    program = box.path("a program");
    writeFileSync(program, "#!/bin/sh\nexec sleep 1000\n", { mode: 0o755 });
    units = box.path("units");
    fake = box.path("fake");
    mkdirSync(units);
    mkdirSync(fake);
    writeFileSync(join(fake, "systemctl"), SYSTEMCTL, { mode: 0o755 });
  });
  afterEach(() => box.remove());
  const systemd = (script: string, ...args: string[]): void => {
    box.ok(["bash", "-c", `${LOAD}; ${script}`, "bash", ...args], {
      EDGE_SERVICE_MANAGER: "systemd",
      EDGE_SYSTEMD_DIR: units,
      PATH: `${fake}:${process.env["PATH"] ?? ""}`,
    });
  };
  const calls = (): string[] => {
    const lines = readFileSync(join(fake, "calls"), "utf8").trim().split("\n");
    rmSync(join(fake, "calls"));
    return lines;
  };

  it("makes a unit of the lab's name, in the caller's namespace, and takes it away again", () => {
    systemd("service_apply one sleep 1000");
    const unit = readFileSync(join(units, "edge-lab-one.service"), "utf8");
    assert.match(unit, /^ExecStart=\/usr\/bin\/env bash ".*it's a \\"state\\" dir\/services\/one\.run"$/m);
    assert.match(unit, /^NetworkNamespacePath=\/run\/netns\/edget-/m);
    assert.match(unit, /^Restart=always$/m);
    assert.ok(calls().includes("start edge-lab-one.service"));
    systemd("service_stop one");
    assert.ok(calls().includes("stop edge-lab-one.service"));
    systemd("service_remove one");
    assert.ok(calls().includes("--quiet disable --now edge-lab-one.service"));
    assert.ok(!existsSync(join(units, "edge-lab-one.service")));
    assert.ok(!existsSync(box.path("services")));
    systemd("service_remove one");
  });

  it("has a unit of another name where another lab has the plain one, and leaves that alone", () => {
    const plain = join(units, "edge-lab-one.service");
    writeFileSync(plain, "[Service]\nStandardOutput=append:/else/.lab/log/one.log\n");
    systemd("service_apply one sleep 1000");
    const [own = ""] = readdirSync(units).filter((name) => /^edge-lab-[0-9a-f]{16}-one\.service$/.test(name));
    assert.match(readFileSync(join(units, own), "utf8"), /^X-EdgeLab-StateDirectory=.*it's a "state" dir$/m);
    assert.ok(calls().includes(`start ${own}`));
    systemd("service_remove one");
    assert.ok(calls().includes(`--quiet disable --now ${own}`));
    assert.deepEqual(readdirSync(units), ["edge-lab-one.service"]);
    systemd("service_remove one");
    assert.match(readFileSync(plain, "utf8"), /else/);
  });

  it("fences the launcher, which makes the sandbox, and the program in it", () => {
    systemd("service_apply one sleep 1000");
    const unit = readFileSync(join(units, "edge-lab-one.service"), "utf8");
    for (const directive of ["NoNewPrivileges", "ProtectKernelTunables", "RestrictSUIDSGID"]) {
      assert.match(unit, new RegExp(`^${directive}=yes$`, "m"));
    }
    // The launcher's capabilities are enough for the sandbox.
    const [, names = ""] = /^CapabilityBoundingSet=(.*)$/m.exec(unit) ?? [];
    const set = names.toLowerCase().replaceAll("cap_", "+").replaceAll(" ", ",");
    const { stdout } = box.ok([
      "bash",
      "-c",
      `set -euo pipefail; . "${LIB}/service-sandbox.sh"; sandbox nobody rw "$EDGE_STATE_DIR" /srv/state
        exec setpriv --bounding-set="-all,$1" "\${SANDBOX[@]}" bash -c 'id -u; ls -d /srv/*; grep CapBnd /proc/self/status'`,
      "bash",
      set,
    ]);
    assert.match(stdout, /^\d{4,}\n\/srv\/state\nCapBnd:\s0{16}\n$/);
  });

  it("keeps the last megabytes of what a program prints, and all of a short log", () => {
    const LIMIT = 4 << 20;
    const log = (name: string): string => (existsSync(box.path("log", name)) ? box.read("log", name) : "");
    const prints = (command: string): void => {
      systemd('service_apply one bash -c "$1"', command);
      box.ok(["bash", box.path("services/one.run")]);
      eventually("all is written", () => box.processes("head").length === 0);
    };
    prints("echo first; echo second >&2");
    assert.equal(log("one.log"), "first\nsecond\n");
    prints("seq 1 2000000; echo last");
    assert.match(log("one.log"), /\n2000000\nlast\n$/);
    assert.ok(log("one.log").length <= LIMIT && log("one.log.1").length <= LIMIT);
    assert.ok(log("one.log").length + log("one.log.1").length > LIMIT);
    // One that an earlier version let grow is cut.
    writeFileSync(box.path("log/one.log"), "x".repeat(3 * LIMIT));
    prints("echo after");
    assert.equal(log("one.log"), "after\n");
    assert.equal(log("one.log.1").length, LIMIT);
  });

  it("starts a program with the launcher that the unit names, and again when it changed", () => {
    systemd('service_apply one "$@"', program, box.path("one.pid"), "a b");
    calls();
    writeFileSync(join(fake, "calls"), "start before\n");
    systemd('service_apply one "$@"', program, box.path("one.pid"), "changed");
    assert.ok(calls().includes("restart edge-lab-one.service"));
  });
});
