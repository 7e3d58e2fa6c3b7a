import assert from "node:assert/strict";

import { Guest } from "../support/guest";

const GREENBOOT = "usr/libexec/greenboot/greenboot";
const SET_COUNTER = "usr/libexec/greenboot/greenboot-grub2-set-counter";
const CONF = "etc/greenboot/greenboot.conf";
const REQUIRED = "etc/greenboot/check/required.d";

describe("guest: what greenboot's programs do with greenboot.conf", () => {
  let guest: Guest;
  beforeEach(() => {
    guest = new Guest();
    guest.append("proc/net/tcp", "   0: 646433C6:1F90 00000000:0000 0A 00000000:00000000\n");
  });
  afterEach(() => guest.remove());

  describe("the runner", () => {
    beforeEach(() => {
      for (const name of ["a.sh", "b.sh"])
        guest.write(`${REQUIRED}/${name}`, `touch "$EDGE_ROOT/ran-${name}"\n`);
    });

    for (const text of [
      "DISABLED_HEALTHCHECKS=a.sh b.sh\n",
      'DISABLED_HEALTHCHECKS="a.sh b.sh"\n',
      'DISABLED_HEALTHCHECKS=(\n"a.sh"\n"b.sh"\n)\n',
    ]) {
      it(`leaves out what is disabled: ${JSON.stringify(text)}`, () => {
        guest.write(CONF, text);
        const { stdout, stderr } = guest.ok(GREENBOOT, ["check"]);
        for (const name of ["a.sh", "b.sh"]) {
          assert.ok(!guest.has(`ran-${name}`));
          assert.ok(stdout.includes(`<5>'${name}' was skipped, as specified in config`));
        }
        assert.equal(
          /<4>.*greenboot\.conf:1: DISABLED_HEALTHCHECKS is no list/.test(stderr),
          !text.includes("("),
        );
        assert.equal(guest.read("run/edge/health"), "green\n");
      });
    }

    it("names what is misspelt, and runs the check", () => {
      guest.write(CONF, 'DISABLED_HEALTHCHECKS=(\n  "A.sh"\n  "*.sh"\n  "../a.sh"\n  "10_depot.sh"\n)\n');
      const { stderr } = guest.ok(GREENBOOT, ["check"]);
      for (const [line, name] of [
        [2, "A.sh"],
        [3, "*.sh"],
        [4, "../a.sh"],
      ] as const) {
        assert.ok(
          stderr.includes(
            `<4>/etc/greenboot/greenboot.conf:${line}: DISABLED_HEALTHCHECKS has "${name}"; rule: the exact`,
          ),
          stderr,
        );
      }
      assert.ok(!stderr.includes("10_depot.sh"));
      assert.ok(guest.has("ran-a.sh"));
      // Said once a boot, not by each part of it.
      assert.doesNotMatch(guest.ok(GREENBOOT, ["green"]).stderr, /greenboot\.conf/);
    });

    for (const text of [
      "exit 127\n",
      "false\n",
      "((\n",
      "set -u; $nothing\n",
      "\0\0\0\0",
      "DISABLED_HEALTHCHECKS=(\n",
    ]) {
      it(`a file that would end a shell ends nothing: ${JSON.stringify(text)}`, () => {
        guest.write(CONF, text);
        assert.match(guest.ok(GREENBOOT, ["check"]).stderr, /<4>.*greenboot\.conf/);
        assert.equal(guest.read("run/edge/health"), "green\n");
        assert.ok(guest.has("ran-a.sh"));
        guest.write("run/ostree/staged-deployment", "");
        guest.ok(SET_COUNTER);
        assert.match(guest.read("boot/grub/grubenv"), /^boot_counter=3$/m);
      });
    }

    it("finds checks in folders too, in the order of their paths, and a link that leads nowhere fails", () => {
      guest.write(`${REQUIRED}/05_more/z.sh`, 'touch "$EDGE_ROOT/ran-z.sh"\n');
      const { stdout } = guest.ok(GREENBOOT, ["check"]);
      const ran = [...stdout.matchAll(/Script '(.*)' SUCCESS/g)].map((m) => m[1]);
      assert.ok(ran.indexOf("01_check_upgrade.sh") < ran.indexOf("z.sh"));
      assert.ok(ran.indexOf("z.sh") < ran.indexOf("a.sh"));
      guest.shell(`ln -s nowhere "$ROOT/${REQUIRED}/06_gone.sh"`);
      assert.match(
        guest.run(GREENBOOT, ["check"]).stderr,
        /Script '06_gone\.sh' FAILURE \(exit code '127'\)/,
      );
    });
  });

  it("the attempts of the file are what is armed", () => {
    guest.write(CONF, "GREENBOOT_MAX_BOOT_ATTEMPTS=5\n");
    guest.write("run/ostree/staged-deployment", "");
    guest.ok(SET_COUNTER);
    assert.match(guest.read("boot/grub/grubenv"), /^boot_counter=5$/m);
    guest.write(CONF, "GREENBOOT_MAX_BOOT_ATTEMPTS=many\n");
    assert.match(
      guest.ok(SET_COUNTER).stderr,
      /<4>.*greenboot\.conf:1: GREENBOOT_MAX_BOOT_ATTEMPTS is "many"/,
    );
    assert.match(guest.read("boot/grub/grubenv"), /^boot_counter=3$/m);
  });

  describe("the watchdog check", () => {
    const CHECK = "usr/lib/greenboot/check/required.d/02_watchdog.sh";
    const set = (enabled: string, bootstatus: string | undefined, grace = ""): void => {
      guest.write(CONF, `GREENBOOT_WATCHDOG_CHECK_ENABLED=${enabled}\n${grace}`);
      if (bootstatus !== undefined) guest.write("sys/class/watchdog/watchdog0/bootstatus", `${bootstatus}\n`);
    };

    it("is off unless it is enabled, and without a watchdog", () => {
      set("false", "32");
      assert.match(guest.ok(CHECK).stdout, /disabled/);
      guest.shell('rm -r "$ROOT/sys/class/watchdog"');
      set("TRUE", undefined);
      assert.match(guest.ok(CHECK).stdout, /No watchdog/);
    });

    it("is red after a reboot by the watchdog, as long after the update as the grace period says", () => {
      set("True", "32");
      const { status, stdout } = guest.run(CHECK);
      assert.deepEqual([status, stdout], [1, "Watchdog triggered after recent update\n"]);
      set("true", "0");
      assert.equal(guest.run(CHECK).status, 0);
      set("true", "32", "GREENBOOT_WATCHDOG_GRACE_PERIOD=2\n");
      guest.shell('touch -d "3 hours ago" "$ROOT"/ostree/deploy/edge/deploy/*.origin');
      assert.equal(guest.run(CHECK).status, 0);
      set("true", "32", "GREENBOOT_WATCHDOG_GRACE_PERIOD=4\n");
      assert.equal(guest.run(CHECK).status, 1);
    });
  });
});
