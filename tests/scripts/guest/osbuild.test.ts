import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { GuestPackage } from "../../support/osbuild/guestPackage";
import { FakeDepot } from "../support/fakeDepot";
import { Guest, V1, V2 } from "../support/guest";

const REF = "rhel/9/x86_64/edge";

describe("guests of the osbuild backend: on the device", () => {
  let made: GuestPackage;
  before(() => {
    made = new GuestPackage();
  });
  after(() => made.remove());

  let guest: Guest;
  beforeEach(() => {
    guest = new Guest(made.tree);
    mkdirSync(join(guest.root, "boot/grub2"), { recursive: true });
    guest.grubenv({ boot_success: "0" }, "boot/grub2/grubenv");
    guest.standIn("systemctl", "");
    guest.standIn("journalctl", "");
    release(V1, "0.0.1");
  });
  afterEach(() => guest.remove());

  /** Writes the release's own version into a deployment's tree; the version of RHEL's commits is always RHEL's. */
  const release = (commit: string, version: string): void =>
    guest.write(`ostree/deploy/edge/deploy/${commit}.0/usr/lib/edge/release`, `${version}\n`);
  const two = (): void => {
    guest.deployed([
      { commit: V2, version: "9.6" },
      { commit: V1, version: "9.6", booted: true },
    ]);
    release(V2, "0.0.2");
    guest.write("usr/lib/edge/release", "0.0.1\n");
  };

  it("each deployment is reported under its release's version", () => {
    two();
    const status = JSON.parse(guest.ok("usr/libexec/edge/status", ["--json"]).stdout) as Record<
      string,
      unknown
    >;
    assert.deepEqual(status["booted"], { commit: V1, version: "0.0.1" });
    assert.deepEqual(status["rollback"], { commit: V2, version: "0.0.2" });
  });

  it("an update is pulled, and staged by rpm-ostree; what is not wanted is dropped by it", async () => {
    const depot = new FakeDepot();
    await depot.start();
    guest.noStandIn("curl");
    guest.device({ EDGE_DEPOT: `http://${depot.address}` });
    guest.write("run/edge/health", "green\n");
    depot.reply({ peers: [], target: { ref: REF, commit: V2 }, upgradeGate: "open" });
    guest.write("ostree/deploy/edge/deploy/" + V1 + ".0.origin", `[origin]\nrefspec=edge:${REF}\n`);
    guest.standIn(
      "ostree",
      `case "$*" in "admin status") cat "$EDGE_ROOT/status" ;; "rev-parse edge:${REF}") echo ${V2} ;; esac`,
    );
    guest.standIn(
      "rpm-ostree",
      `case "$1" in
          upgrade) { printf '  edge ${V2}.0 (staged)\\n    Version: 9.6\\n'; cat "$EDGE_ROOT/status"; } >"$EDGE_ROOT/s"
            mv "$EDGE_ROOT/s" "$EDGE_ROOT/status"; touch "$EDGE_ROOT/run/ostree/staged-deployment" "$EDGE_ROOT/ostree/deploy" ;;
          cleanup) rm "$EDGE_ROOT/run/ostree/staged-deployment" ;;
        esac`,
    );
    const made_ = (): string[] =>
      guest.calls().filter((c) => /^(rpm-)?ostree /.test(c) && c !== "ostree admin status");
    const { status, stderr } = await guest.served("usr/libexec/edge/update");
    assert.equal(status, 0, stderr);
    assert.deepEqual(made_(), [
      `ostree pull --depth=0 edge ${REF}`,
      `ostree rev-parse edge:${REF}`,
      "rpm-ostree upgrade --cache-only --allow-downgrade",
    ]);
    assert.equal(guest.read("run/edge/phase"), "staged\n");
    guest.forgetCalls();
    depot.reply({ peers: [], target: { ref: REF, commit: V1 }, upgradeGate: "open" });
    assert.equal((await guest.served("usr/libexec/edge/update")).status, 0);
    assert.deepEqual(made_(), ["rpm-ostree cleanup --pending"]);
    await depot.stop();
  });

  it("keepalived is configured where it may read, and calls what it may run", () => {
    guest.ok("usr/libexec/edge/provision", ["boot"]);
    const config = guest.read("run/keepalived-edge/keepalived.conf");
    assert.match(config, /script "\/usr\/libexec\/keepalived\/vip-check /);
    assert.match(config, /notify "\/usr\/libexec\/keepalived\/vip-notify [\d.]+"/);
  });

  it("the services of this distribution are what must be up", () => {
    guest.standIn("systemctl", "echo active");
    guest.ok("usr/lib/greenboot/check/required.d/10_services.sh");
    const asked = guest.calls().find((c) => c.startsWith("systemctl is-active")) ?? "";
    for (const unit of ["NetworkManager", "firewalld", "sshd", "keepalived", "user@1000"]) {
      assert.ok(asked.includes(`${unit}.service`), unit);
    }
  });

  const verdict = (): Record<string, unknown> => {
    const file = readdirSync(join(guest.root, "var/lib/edge/health"))[0] ?? "";
    return guest.json(`var/lib/edge/health/${file}`) as Record<string, unknown>;
  };

  it("green from the greenboot package becomes this boot's verdict", () => {
    guest.ok("usr/lib/greenboot/green.d/05_verdict.sh");
    assert.equal(verdict()["result"], "green");
    assert.equal(guest.read("run/edge/health"), "green\n");
  });

  it("red names the checks that failed, with their own words from the journal", () => {
    guest.standIn(
      "journalctl",
      `case "$*" in
          *--unit=greenboot-healthcheck.service*) printf '%s\\n' "Running Required Health Check Scripts..." \\
            "Script '00_deployment.sh' SUCCESS" "Script '20_vip.sh' FAILURE (exit code '1'). Continuing..." \\
            "Script '10_depot.sh' FAILURE (exit code '7'). Continuing..." ;;
          *--identifier=20_vip.sh*) echo "keepalived: syntax error" ;;
          *--identifier=10_depot.sh*) echo "could not connect" ;;
        esac`,
    );
    guest.ok("usr/lib/greenboot/red.d/05_verdict.sh");
    assert.deepEqual(verdict()["checks"], [
      { kind: "wanted", name: "10_depot.sh", rc: 7, output: "could not connect" },
      { kind: "required", name: "20_vip.sh", rc: 1, output: "keepalived: syntax error" },
    ]);
    assert.equal(verdict()["result"], "red");
  });

  describe("greenboot.conf, which the greenboot package's scripts source", () => {
    const CONF = "etc/greenboot/greenboot.conf";
    const UNITS = "usr/lib/systemd/system";

    it("is replaced by what holds of it, for each unit that reads it", () => {
      for (const unit of [
        "greenboot-healthcheck",
        "greenboot-task-runner",
        "redboot-task-runner",
        "greenboot-grub2-set-counter",
      ]) {
        const lines = guest.read(`${UNITS}/${unit}.service.d/20-edge.conf`).split("\n");
        // Outside of the mount, and a failure of it ends nothing.
        assert.ok(lines.includes("ExecStartPre=-+/usr/libexec/edge/greenboot-config"), unit);
        assert.ok(lines.includes(`BindReadOnlyPaths=-/run/edge/greenboot.conf:/${CONF}`), unit);
      }
    });

    for (const [text, attempts, names, warning] of [
      [undefined, "3", "", undefined],
      [
        'GREENBOOT_MAX_BOOT_ATTEMPTS=7\nDISABLED_HEALTHCHECKS=(\n"20_vip.sh"\n"10_depot.sh"\n)\n',
        "7",
        "20_vip.sh|10_depot.sh",
        undefined,
      ],
      ["DISABLED_HEALTHCHECKS=20_vip.sh 10_depot.sh\n", "3", "20_vip.sh|10_depot.sh", /is no list/],
      ["DISABLED_HEALTHCHECKS=('x y;z.sh')\n", "3", "x y;z.sh", /there is none of this name/],
      ["exit 1\nGREENBOOT_MAX_BOOT_ATTEMPTS=$(reboot)\n", "3", "", /not an assignment: exit 1/],
    ] as const) {
      it(`holds as a shell reads it: ${JSON.stringify(text)}`, () => {
        if (text !== undefined) guest.write(CONF, text);
        const { stderr } = guest.ok("usr/libexec/edge/greenboot-config");
        if (warning) assert.match(stderr, warning);
        else assert.equal(stderr, "");
        const read = guest.shell(
          `set -euo pipefail; . "$RUN/greenboot.conf"; IFS="|"; printf '%s\\n' "$GREENBOOT_MAX_BOOT_ATTEMPTS" "\${DISABLED_HEALTHCHECKS[*]}" "$GREENBOOT_WATCHDOG_CHECK_ENABLED" "$GREENBOOT_WATCHDOG_GRACE_PERIOD"`,
        );
        assert.deepEqual(read.split("\n"), [attempts, names, "false", "24", ""]);
      });
    }
  });

  it("a fallback boot remembers the commit that failed, before greenboot rolls back", () => {
    two();
    guest.grubenv({ boot_counter: "-1" }, "boot/grub2/grubenv");
    guest.ok("usr/libexec/edge/note-fallback");
    const failed = guest.json("var/lib/edge/failed.json") as { commit: string; version: string }[];
    assert.deepEqual(
      failed.map(({ commit, version }) => `${version} ${commit}`),
      [`0.0.2 ${V2}`],
    );
  });

  it("any other boot is none", () => {
    two();
    for (const values of [{}, { boot_counter: "2" }] as Record<string, string>[]) {
      guest.grubenv(values, "boot/grub2/grubenv");
      guest.ok("usr/libexec/edge/note-fallback");
    }
    assert.ok(!guest.has("var/lib/edge/failed.json"));
  });
});
