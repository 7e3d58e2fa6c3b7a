import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { Guest, V1, V2 } from "../support/guest";

const GREENBOOT = "usr/libexec/greenboot";
const FALLBACK = `${GREENBOOT}/greenboot-ostree-grub2-check-fallback`;

interface Failed {
  commit: string;
  version: string;
  check: string;
  output: string;
  cause: string;
  attempts: number;
}

describe("guest: boot counter and fallback", () => {
  let guest: Guest;
  beforeEach(() => (guest = new Guest()));
  afterEach(() => guest.remove());

  const counter = (value: string, more: Record<string, string> = {}): void =>
    guest.grubenv({ boot_counter: value, boot_success: "0", ...more });
  const restarted = (): void => {
    assert.equal(guest.calls().at(-1), "systemctl --force reboot");
    const record = guest.json("var/lib/edge/health/0a0a0a0a000040008000000000000001.json");
    assert.equal((record as { result: string }).result, "deadline");
  };
  /** Records a boot of the commit, with its failing check. */
  const attempt = (n: number, commit: string, check?: string, more: object = {}): void => {
    const checks = check ? [{ kind: "required", name: check, rc: 3, output: "why it failed" }] : [];
    const result = check ? "red" : "pending";
    const record = { bootId: `b${n}`, commit, version: "0.0.2", time: n, result, checks, ...more };
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
      assert.match(failed()[0]?.output ?? "", /panic, hang or power cut, while the system was starting/);
    });

    it("says what the boot loader saw of the attempts, and after how long the watchdog reset them", () => {
      counter("-1", { boot_ends: "wrw", boot_watchdog_seconds: "150" });
      guest.ok(FALLBACK);
      const [entry] = failed();
      assert.equal(
        entry?.output,
        "no health result: reset by the watchdog after 150 s, kernel panic or restart, " +
          "reset by the watchdog after 300 s, before the system had started",
      );
      assert.deepEqual([entry.cause, entry.check, entry.attempts], ["watchdog", "none", 3]);
    });

    it("a cause is the last end that was no power cut", () => {
      counter("-1", { boot_ends: "rrp" });
      guest.ok(FALLBACK);
      assert.equal(failed()[0]?.cause, "panic");
    });

    it("a commit that only lost its power has not failed: it is taken again", () => {
      counter("-1", { boot_ends: "ppp" });
      const { stderr } = guest.ok(FALLBACK);
      assert.match(stderr, /only cut off from its power/);
      assert.equal(guest.has("var/lib/edge/failed.json"), false);
      assert.ok(guest.calls().includes("ostree admin set-default 1"));
    });

    it("a boot that had no verdict in time says after how long", () => {
      attempt(1, V2, undefined, { result: "deadline", uptime: 321 });
      guest.ok(FALLBACK);
      assert.equal(failed()[0]?.cause, "deadline");
      assert.match(failed()[0]?.output ?? "", /^no health result within 321 s/);
    });

    for (const [what, text] of [
      ["half a record", '{"bootId":"b9","commit":"222'],
      ["NULs", "\0\0\0\0"],
      ["nothing", ""],
      ["a list", "[1, 2]"],
    ] as const) {
      it(`${what} among the records of the boots costs no evidence of the others`, () => {
        guest.write("var/lib/edge/health/b0.json", text);
        attempt(1, V2, "50_broken.sh");
        guest.write("var/lib/edge/failed.json", text);
        guest.ok(FALLBACK);
        assert.deepEqual(
          failed().map(({ commit, check, cause }) => [commit, check, cause]),
          [[V2, "50_broken.sh", "check"]],
        );
      });
    }

    it("keeps no more failures than a report takes", () => {
      const many = Array.from({ length: 70 }, (_, i) => ({
        commit: i.toString(16).padStart(64, "a"),
        check: "x",
        output: "",
      }));
      guest.write("var/lib/edge/failed.json", JSON.stringify(many));
      guest.ok(FALLBACK);
      assert.equal(failed().length, 32);
      assert.equal(failed().at(-1)?.commit, V2);
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
    restarted();
  });

  it("the deadline follows how long a good boot takes here", () => {
    counter("2");
    guest.write("var/lib/edge/green-uptime", "150\n");
    guest.write("proc/uptime", "598.0 1.0\n");
    const start = Date.now();
    guest.ok("usr/libexec/edge/boot-deadline");
    assert.ok(Date.now() - start >= 2000, "it waited until four times 150 s");
    restarted();
  });

  it("a boot without /boot is no good one, whatever the counter says", () => {
    guest.write("proc/uptime", "1000.0 1.0\n");
    rmSync(join(guest.root, "boot/grub/grubenv"));
    guest.write("var/lib/edge/green-uptime", "100\n");
    guest.ok("usr/libexec/edge/boot-deadline");
    restarted();
  });

  it("a /boot that comes late, on a slow host, with no counter armed: there is nothing to end", async () => {
    rmSync(join(guest.root, "boot/grub/grubenv"));
    guest.write("proc/uptime", "359.0 1.0\n");
    guest.write("var/lib/edge/green-uptime", "90\n");
    const deadline = guest.served("usr/libexec/edge/boot-deadline");
    await setTimeout(300);
    guest.grubenv({ boot_success: "0" });
    assert.equal((await deadline).status, 0);
    assert.deepEqual(guest.calls(), []);
  });
});
