import assert from "node:assert/strict";

import { Guest, V1, V2 } from "../support/guest";
import type { Outcome } from "../support/sandbox";

const GREENBOOT = "usr/libexec/greenboot/greenboot";
const REQUIRED = "etc/greenboot/check/required.d";
const LISTENS = "   0: 646433C6:1F90 00000000:0000 0A 00000000:00000000\n";

interface Verdict {
  result: string;
  commit: string;
  version: string;
  checks: { kind: string; name: string; rc: number; output: string }[];
}

describe("guest: health checks", () => {
  let guest: Guest;
  beforeEach(() => {
    guest = new Guest();
    guest.append("proc/net/tcp", LISTENS);
  });
  afterEach(() => guest.remove());

  const verdict = (): Verdict =>
    guest.json("var/lib/edge/health/0a0a0a0a000040008000000000000001.json") as Verdict;
  const script = (path: string, body: string): void => guest.write(path, `#!/usr/bin/env bash\n${body}\n`);

  it("a healthy device is green, with greenboot's words in the journal", () => {
    const { stdout } = guest.ok(GREENBOOT, ["check"]);
    assert.match(stdout, /^Running Required Health Check Scripts\.\.\.$/m);
    for (const name of ["00_deployment", "10_services", "20_vip", "30_app_socket", "01_check_upgrade"]) {
      assert.match(stdout, new RegExp(`Script '${name}\\.sh' SUCCESS`));
    }
    assert.match(stdout, /^Running Wanted Health Check Scripts\.\.\.$/m);
    assert.equal(guest.read("run/edge/health"), "green\n");
    assert.equal(verdict().result, "green");
    assert.equal(verdict().commit, V1);
    assert.equal(verdict().version, "0.0.1");
    const green = guest.ok(GREENBOOT, ["green"]).stdout;
    assert.match(green, /Boot Status is GREEN - Health Check SUCCESS/);
    assert.match(
      guest.read("dev/console"),
      /edge: edge-device-1 health=green version=0\.0\.1 commit=1{10} vip=no/,
    );
  });

  it("a failing required check makes the boot red, skips what follows and keeps its output", () => {
    script(`${REQUIRED}/50_broken.sh`, "echo the disk is sad; exit 7");
    script(`${REQUIRED}/60_after.sh`, "exit 0");
    const { status, stdout, stderr } = guest.run(GREENBOOT, ["check"]);
    assert.equal(status, 1);
    assert.match(stderr, /Script '50_broken\.sh' FAILURE \(exit code '7'\)\. Continuing\.\.\./);
    assert.match(stdout, /'60_after\.sh' was skipped due to a previous failure/);
    assert.doesNotMatch(stdout, /Wanted/);
    assert.equal(guest.read("run/edge/health"), "red\n");
    assert.equal(verdict().result, "red");
    const broken = verdict().checks.at(-1);
    assert.deepEqual(broken, { kind: "required", name: "50_broken.sh", rc: 7, output: "the disk is sad" });
    assert.match(guest.read("journal"), /the disk is sad/);
    const red = guest.ok(GREENBOOT, ["red"]).stdout;
    assert.match(red, /Boot Status is RED - Health Check FAILURE!/);
    assert.match(guest.read("dev/console"), /health=red/);
  });

  it("a failing wanted check is logged and kept, and the boot stays green", () => {
    script("etc/greenboot/check/wanted.d/50_nice.sh", "echo no network >&2; exit 1");
    const { stderr } = guest.ok(GREENBOOT, ["check"]);
    assert.match(stderr, /Script '50_nice\.sh' FAILURE/);
    assert.equal(verdict().result, "green");
    assert.equal(verdict().checks.at(-1)?.output, "no network");
  });

  it("a check that hangs fails in time", () => {
    script(`${REQUIRED}/50_hangs.sh`, "sleep 60");
    guest.write("etc/edge/edge.conf", "EDGE_CHECK_TIMEOUT=1\n");
    assert.equal(guest.run(GREENBOOT, ["check"]).status, 1);
    assert.equal(verdict().checks.at(-1)?.rc, 124);
    assert.match(verdict().checks.at(-1)?.output ?? "", /no result within 1 s/);
  });

  it("so does one that does not end when it is told to", () => {
    script(`${REQUIRED}/50_hangs.sh`, "trap '' TERM; echo begun; while :; do sleep 1; done");
    guest.write("etc/edge/edge.conf", "EDGE_CHECK_TIMEOUT=1\n");
    assert.equal(guest.run(GREENBOOT, ["check"]).status, 1);
    assert.deepEqual(
      [verdict().checks.at(-1)?.rc, verdict().checks.at(-1)?.output],
      [137, "begun\nno result within 1 s"],
    );
    assert.match(guest.read("journal"), /begun\nno result within 1 s\n/);
  });

  for (const [signal, rc] of [
    ["KILL", 137],
    ["SEGV", 139],
  ] as const) {
    it(`one that a signal ends says so: ${signal}`, () => {
      script(`${REQUIRED}/50_dies.sh`, `kill -${signal} $$`);
      assert.equal(guest.run(GREENBOOT, ["check"]).status, 1);
      assert.deepEqual(
        [verdict().checks.at(-1)?.rc, verdict().checks.at(-1)?.output],
        [rc, `ended by signal ${rc - 128} (${signal})`],
      );
    });
  }

  it("a time limit that is none ends nothing", () => {
    guest.write("etc/edge/edge.conf", "EDGE_CHECK_TIMEOUT=soon\n");
    assert.match(
      guest.ok(GREENBOOT, ["check"]).stderr,
      /<4>EDGE_CHECK_TIMEOUT is "soon"; rule: .*; it is 90/,
    );
  });

  it("a check can be disabled by name, and only by that", () => {
    script(`${REQUIRED}/50_broken.sh`, "exit 7");
    guest.write("etc/greenboot/greenboot.conf", "DISABLED_HEALTHCHECKS=(50_broken.sh)\n");
    const { stdout } = guest.ok(GREENBOOT, ["check"]);
    assert.match(stdout, /'50_broken\.sh' was skipped, as specified in config/);
  });

  it("output with quotes, newlines and control characters survives, its end when it is long", () => {
    script(`${REQUIRED}/50_broken.sh`, `printf 'x%.0s' {1..5000}; printf '\\n"q" \\\\ $(id)\\tend'; exit 1`);
    assert.equal(guest.run(GREENBOOT, ["check"]).status, 1);
    const output = verdict().checks.at(-1)?.output ?? "";
    assert.equal(output.length, 2000);
    assert.ok(output.endsWith('x\n"q" \\ $(id)\tend'));
  });

  it("keeps the verdicts of the newest twenty boots", () => {
    for (let i = 10; i < 40; i++) {
      guest.write(`var/lib/edge/health/old${i}.json`, "{}");
    }
    guest.ok(GREENBOOT, ["check"]);
    const left = guest.shell('ls "$STATE/health" | wc -l');
    assert.equal(left.trim(), "20");
  });

  describe("what the image requires", () => {
    const check = (name: string): Outcome => guest.run(`usr/lib/greenboot/check/required.d/${name}`);

    it("a writable /usr is no deployment to trust", () => {
      guest.write("proc/self/mounts", "/dev/vda4 /usr ext4 rw 0 0\n/dev/vda4 /var ext4 rw,relatime 0 0\n");
      assert.match(check("00_deployment.sh").stdout, /\/usr is writable/);
    });

    it("a commit that ostree does not know as booted", () => {
      guest.write("status", `* edge ${V2}.0\n    Version: 0.0.2\n`);
      assert.match(check("00_deployment.sh").stdout, /from 1{64}, ostree says 2{64}/);
    });

    it("an essential unit that failed is named", () => {
      const answers = "keepalived.service) echo failed ;; is-active) ;; *) echo active ;;";
      guest.standIn("systemctl", `for unit; do case $unit in ${answers} esac; done; exit 3`);
      const { status, stdout } = check("10_services.sh");
      assert.equal(status, 1);
      assert.match(stdout, /^edge-provision\.service: active$/m);
      assert.match(stdout, /^keepalived\.service: failed$/m);
    });

    it("a configuration that keepalived refuses", () => {
      guest.standIn("keepalived", "echo 'line 3: no such keyword'; exit 5");
      assert.match(check("20_vip.sh").stdout, /line 3: no such keyword/);
    });
  });

  describe("the upgrade gate", () => {
    const gate = (): Outcome => guest.run(`${REQUIRED}/01_check_upgrade.sh`);
    const runs = (commit: string, version: string): void =>
      guest.deployed([{ commit, version, booted: true }]);

    it("remembers the first commit and takes no other while it is closed", () => {
      guest.device({ EDGE_UPGRADE_GATE: "closed" });
      assert.equal(gate().status, 0);
      assert.equal(guest.read(`${REQUIRED}/orig.txt`), `${V1}\n`);
      runs(V2, "0.0.2");
      const { status, stdout } = gate();
      assert.equal(status, 1);
      assert.match(stdout, /the upgrade gate is closed: running 2{64}, accepted is 1{64}/);
      assert.equal(guest.read(`${REQUIRED}/current.txt`), `${V2}\n`);
    });

    it("follows what the depot says now, not how the device was installed", () => {
      guest.device({ EDGE_UPGRADE_GATE: "closed" });
      gate();
      runs(V2, "0.0.2");
      guest.write("var/lib/edge/upgrade-gate", "open\n");
      assert.equal(gate().status, 0);
    });

    it("a commit that came up green is the accepted one, also when the gate closes after it", () => {
      gate();
      runs(V2, "0.0.2");
      assert.equal(gate().status, 0);
      guest.ok("usr/lib/greenboot/green.d/10_accept.sh");
      guest.write("var/lib/edge/upgrade-gate", "closed\n");
      assert.equal(gate().status, 0);
      assert.equal(guest.read(`${REQUIRED}/orig.txt`), `${V2}\n`);
    });
  });
});
