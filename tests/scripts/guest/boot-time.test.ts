import assert from "node:assert/strict";

import { Guest } from "../support/guest";

/** Deadlines that follow from what boots take on this device and how fast its host is now. */
describe("guest: deadlines", () => {
  let guest: Guest;
  beforeEach(() => {
    guest = new Guest();
    guest.grubenv({ boot_success: "0", boot_began: "23:59:50" });
    // The machine's clock says 00:01:00; the kernel started 40 s ago, systemd 12 s after the kernel.
    guest.write("sys/class/rtc/rtc0/since_epoch", `${86_400 * 20_000 + 60}\n`);
    guest.standIn("systemctl", "echo 12000000");
  });
  afterEach(() => guest.remove());

  const times = (): string[] =>
    guest.shell('watchdog_times; echo "$WATCHDOG_SECONDS $WATCHDOG_AGAIN_SECONDS"').trim().split(" ");
  /** A host on which the loop turns so many times in a fifth of a second. */
  const speed = (turns: number): string => `measure_speed() { SPEED=${turns}; }`;

  it("from the boot loader to systemd, by the machine's own clock, over midnight", () => {
    // 00:01:00 less 40 s is 00:00:20 at the kernel's start, and 00:00:32 at systemd's: 42 s after 23:59:50.
    assert.equal(guest.shell('measure_loader; echo "$LOADER_SECONDS"'), "42\n");
  });

  for (const [what, prepare] of [
    ["a boot loader that keeps no time", (): void => guest.grubenv({ boot_success: "0" })],
    ["a machine without a clock", (): void => guest.write("sys/class/rtc/rtc0/since_epoch", "")],
    ["a systemd that does not say", (): void => guest.standIn("systemctl", "echo; exit 0")],
    ["a clock that somebody set", (): void => guest.write("sys/class/rtc/rtc0/since_epoch", "40000\n")],
  ] as const) {
    it(`${what}: nothing is measured, and the watchdog gets the most`, () => {
      prepare();
      assert.equal(guest.shell('measure_loader; echo "$LOADER_SECONDS"'), "\n");
      assert.deepEqual(times(), ["1000", "2000"]);
    });
  }

  it("a good boot keeps what it took; a faster one than before counts slowly", () => {
    guest.shell("keep_boot_time");
    assert.equal(guest.read("var/lib/edge/loader-seconds"), "42\n");
    assert.equal(guest.read("var/lib/edge/green-uptime"), "40\n");
    assert.ok(Number(guest.read("var/lib/edge/host-speed")) > 0);
    guest.write("var/lib/edge/loader-seconds", "100\n");
    guest.shell("keep_boot_time");
    assert.equal(guest.read("var/lib/edge/loader-seconds"), "75\n");
  });

  for (const [loader, shortest, again] of [
    [5, "180", "360"],
    [60, "240", "480"],
    [900, "1000", "2000"],
  ] as const) {
    it(`the watchdog waits four times ${loader} s, within its bounds, and twice that the next time`, () => {
      guest.write("var/lib/edge/loader-seconds", `${loader}\n`);
      assert.deepEqual(times(), [shortest, again]);
    });
  }

  for (const [now, patience] of [
    [400, 1],
    [200, 1],
    [199, 2],
    [50, 4],
    [1, 8],
  ] as const) {
    it(`a host with ${now} turns where it had 200 gets ${patience} times the time`, () => {
      guest.write("var/lib/edge/host-speed", "200\n");
      guest.write("var/lib/edge/green-uptime", "100\n");
      const got = guest.shell(`${speed(now)}; boot_deadline 90; echo "$PATIENCE $DEADLINE"`);
      assert.equal(got, `${patience} ${400 * patience}\n`);
    });
  }

  it("an attempt after one that the watchdog ended has twice the time, any other has not", () => {
    guest.write("var/lib/edge/green-uptime", "100\n");
    for (const [ends, deadline] of [
      ["r", 400],
      ["rp", 400],
      ["rw", 800],
    ] as const) {
      guest.grubenv({ boot_counter: "1", boot_success: "0", boot_ends: ends });
      assert.equal(guest.shell('boot_deadline 90; echo "$DEADLINE"'), `${deadline}\n`);
    }
  });

  it("notes that are no numbers count as none", () => {
    for (const text of ["", "abc", "-5", "0x10", "1e9", "\0\0"]) {
      for (const name of ["loader-seconds", "green-uptime", "host-speed"]) {
        guest.write(`var/lib/edge/${name}`, text);
      }
      assert.equal(
        guest.shell('EDGE_BOOT_DEADLINE=180; boot_deadline 90; echo "$PATIENCE $DEADLINE"'),
        "1 180\n",
      );
      assert.deepEqual(times(), ["1000", "2000"]);
    }
  });

  it("the loop's turns grow with the processor's share", () => {
    const turns = (): number => Number(guest.shell('measure_speed; echo "$SPEED"'));
    assert.ok(turns() > 5);
  });

  it("what a check waits for gets more time on a host that is slower than usual, and no more than once else", () => {
    guest.write("var/lib/edge/host-speed", "200\n");
    const tries = (turns: number): number =>
      Number(
        guest.shell(`${speed(turns)}; N=0; never() { N=$((N + 1)); return 1; }
          patient_wait 0 0 never && exit 1; echo "$N"`),
      );
    assert.equal(tries(200), 1);
    assert.equal(tries(20), 2);
  });
});
