import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { Guest, V1, V2 } from "../support/guest";

const GREENBOOT = "usr/libexec/greenboot";
const FALLBACK = `${GREENBOOT}/greenboot-ostree-grub2-check-fallback`;

interface Failed {
  commit: string;
  version: string;
  check: string;
  output: string;
  attempts: number;
}

describe("guest: boot counter and fallback", () => {
  let guest: Guest;
  beforeEach(() => (guest = new Guest()));
  afterEach(() => guest.remove());

  const counter = (value: string): void => guest.append("boot/grub/grubenv", `boot_counter=${value}\n`);
  /** Records a boot of the commit, with its failing check. */
  const attempt = (n: number, commit: string, check?: string): void => {
    const checks = check ? [{ kind: "required", name: check, rc: 3, output: "why it failed" }] : [];
    const result = check ? "red" : "pending";
    const record = { bootId: `b${n}`, commit, version: "0.0.2", time: n, result, checks };
    guest.write(`var/lib/edge/health/b${n}.json`, JSON.stringify(record));
  };

  it("three attempts are armed for what is staged, and on disk before GRUB can read it", () => {
    guest.ok(`${GREENBOOT}/greenboot-grub2-set-counter`);
    assert.doesNotMatch(guest.read("boot/grub/grubenv"), /boot_counter/);
    guest.write("run/ostree/staged-deployment", "");
    guest.ok(`${GREENBOOT}/greenboot-grub2-set-counter`);
    const env = guest.read("boot/grub/grubenv");
    assert.match(env, /^boot_counter=3$/m);
    assert.match(env, /^boot_success=0$/m);
    const order = guest.calls().map((call) => call.split(" ").slice(0, 2).join(" "));
    assert.deepEqual(order.slice(-3), ["sync -f", "fsfreeze -f", "fsfreeze -u"]);
  });

  it("a green boot disarms it, once", () => {
    counter("2");
    guest.ok(`${GREENBOOT}/greenboot-grub2-set-success`);
    assert.doesNotMatch(guest.read("boot/grub/grubenv"), /boot_counter/);
    assert.match(guest.read("boot/grub/grubenv"), /^boot_success=1$/m);
    guest.forgetCalls();
    guest.ok(`${GREENBOOT}/greenboot-grub2-set-success`);
    assert.deepEqual(guest.calls(), []);
  });

  for (const [value, entries, reboots] of [
    ["2", 2, true],
    ["0", 2, true],
    ["2", 1, false],
    ["-1", 2, false],
    [undefined, 2, false],
  ] as const) {
    it(`a red boot with counter ${value ?? "unset"} and ${entries} menu entries ${reboots ? "tries again" : "stays up"}`, () => {
      for (let i = 0; i < entries; i++) {
        guest.write(`boot/loader/entries/ostree-${i}.conf`, "");
      }
      if (value !== undefined) counter(value);
      const { stderr } = guest.ok(`${GREENBOOT}/redboot-auto-reboot`);
      assert.equal(guest.calls().includes("systemctl --no-block reboot"), reboots);
      assert.match(stderr, reboots ? /SYSTEM is UNHEALTHY\. Rebooting/ : /Manual intervention necessary/);
    });
  }

  it("an ordinary boot is no fallback", () => {
    counter("2");
    guest.ok(FALLBACK);
    assert.deepEqual(guest.calls(), []);
    assert.equal(guest.has("var/lib/edge/failed.json"), false);
  });

  describe("after the counter ran out", () => {
    const rolledBack = [
      { commit: V2, version: "0.0.2", note: "pending" as const },
      { commit: V1, version: "0.0.1", booted: true },
    ];
    const failed = (): Failed[] => guest.json("var/lib/edge/failed.json") as Failed[];
    beforeEach(() => {
      counter("-1");
      guest.deployed(rolledBack);
    });

    it("makes what runs the default, clears the counter and keeps the commit with the failing check", () => {
      attempt(1, V2, "50_broken.sh");
      attempt(2, V2, "50_broken.sh");
      attempt(3, V1);
      const { stderr } = guest.ok(FALLBACK);
      assert.ok(guest.calls().includes("ostree admin set-default 1"));
      assert.doesNotMatch(guest.read("boot/grub/grubenv"), /boot_counter/);
      const [entry, ...rest] = failed();
      assert.ok(entry);
      assert.deepEqual(rest, []);
      assert.equal(entry.commit, V2);
      assert.equal(entry.version, "0.0.2");
      assert.equal(entry.check, "50_broken.sh");
      assert.equal(entry.output, "exit code 3\nwhy it failed");
      assert.equal(entry.attempts, 2);
      assert.match(stderr, /FALLBACK BOOT DETECTED! Default deployment has been rolled back/);
    });

    it("says so when no boot of it came far enough to be judged", () => {
      guest.ok(FALLBACK);
      assert.equal(failed()[0]?.check, "none");
      assert.match(failed()[0]?.output ?? "", /kernel panic, hang/);
    });

    it("tells a hang or a power cut after start-up apart from that", () => {
      attempt(1, V2);
      guest.ok(FALLBACK);
      assert.match(failed()[0]?.output ?? "", /hung or lost power after it had started/);
    });

    it("keeps earlier failures, each commit once", () => {
      const other = { commit: "9".repeat(64), version: "0.0.9", check: "x.sh", output: "", time: 1 };
      const again = { commit: V2, version: "0.0.2", check: "old.sh", output: "", time: 1 };
      guest.write("var/lib/edge/failed.json", JSON.stringify([other, again]));
      attempt(1, V2, "50_broken.sh");
      guest.ok(FALLBACK);
      assert.deepEqual(
        failed().map((entry) => [entry.commit, entry.check]),
        [
          [other.commit, "x.sh"],
          [V2, "50_broken.sh"],
        ],
      );
    });

    it("ends when there is nothing else to fall back to", () => {
      guest.deployed([{ commit: V1, version: "0.0.1", booted: true }]);
      guest.ok(FALLBACK);
      assert.equal(guest.has("var/lib/edge/failed.json"), false);
      assert.doesNotMatch(guest.read("boot/grub/grubenv"), /boot_counter/);
    });
  });

  it("the deadline of a first boot counts only while the counter is armed", () => {
    guest.write("proc/uptime", "1000.0 1.0\n");
    guest.ok("usr/libexec/edge/boot-deadline");
    assert.deepEqual(guest.calls(), []);
    counter("2");
    guest.write("run/edge/health", "green\n");
    guest.ok("usr/libexec/edge/boot-deadline");
    assert.deepEqual(guest.calls(), []);
    guest.write("run/edge/health", "pending\n");
    guest.ok("usr/libexec/edge/boot-deadline");
    assert.deepEqual(guest.calls(), ["systemctl --force reboot"]);
  });

  it("the deadline follows how long a good boot takes here", () => {
    counter("2");
    guest.write("var/lib/edge/green-uptime", "150\n");
    guest.write("proc/uptime", "598.0 1.0\n");
    const start = Date.now();
    guest.ok("usr/libexec/edge/boot-deadline");
    assert.ok(Date.now() - start >= 2000, "it waited until four times 150 s");
    assert.deepEqual(guest.calls(), ["systemctl --force reboot"]);
  });

  it("a boot without /boot is no good one, whatever the counter says", () => {
    guest.write("proc/uptime", "1000.0 1.0\n");
    rmSync(join(guest.root, "boot/grub/grubenv"));
    guest.ok("usr/libexec/edge/boot-deadline");
    assert.deepEqual(guest.calls(), ["systemctl --force reboot"]);
  });
});
