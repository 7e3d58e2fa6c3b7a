import assert from "node:assert/strict";

import { bootMenu, type End } from "../support/bootMenu";
import { Guest } from "../support/guest";

const ARM = "usr/libexec/greenboot/greenboot-grub2-set-counter";

/** The boot menu's counting, on what the device's own programs armed. */
describe("guest: attempts, as the boot menu counts them", () => {
  let guest: Guest;
  beforeEach(() => {
    guest = new Guest();
    guest.write("run/ostree/staged-deployment", "");
    guest.ok(ARM);
  });
  afterEach(() => guest.remove());

  const value = (name: string): string | undefined =>
    new RegExp(`^${name}=(.*)$`, "m").exec(guest.read("boot/grub/grubenv"))?.[1];
  /** The entries that boots select, whose predecessors ended so. */
  const entries = (...ends: End[]): number[] => ends.map((end) => bootMenu(guest, end).entry);

  it("three attempts, then the deployment before, until that is the default", () => {
    assert.deepEqual(entries("r", "r", "w"), [0, 0, 0]);
    assert.equal(value("boot_counter"), "0");
    assert.deepEqual(entries("w", "r"), [1, 1]);
    assert.equal(value("boot_counter"), "-1");
  });

  it("how the attempts ended is kept, and not how the boot before them did", () => {
    entries("w", "r", "p", "w", "r");
    assert.equal(value("boot_ends"), "rpwr");
    assert.equal(value("boot_end"), "r");
    assert.equal(value("boot_began"), "1:2:3");
  });

  it("an attempt whose power was cut does not count, at most five times", () => {
    entries("r");
    assert.deepEqual(entries("p", "p", "p", "p", "p"), [0, 0, 0, 0, 0]);
    assert.equal(value("boot_counter"), "2");
    assert.deepEqual(entries("p", "p", "p"), [0, 0, 1]);
    assert.equal(value("boot_ends"), "pppppppp");
  });

  it("nor does the last one", () => {
    assert.deepEqual(entries("r", "r", "r", "p", "r"), [0, 0, 0, 0, 1]);
  });

  it("a machine that cannot tell counts every attempt", () => {
    assert.deepEqual(entries("?", "?", "?", "?"), [0, 0, 0, 1]);
  });

  it("a reboot into the deployment that was cut while it was armed is an attempt as well", () => {
    assert.deepEqual(entries("p", "r", "r", "r"), [0, 0, 0, 1]);
  });

  it("the watchdog gets the device's time, then twice that, and none where nothing is at stake", () => {
    guest.write("var/lib/edge/loader-seconds", "50\n");
    guest.ok(ARM);
    assert.equal(value("boot_watchdog_seconds"), "200");
    assert.equal(bootMenu(guest).watchdog, String(200 * 512));
    assert.equal(bootMenu(guest, "w").watchdog, String(400 * 512));
    assert.equal(bootMenu(guest, "w").watchdog, String(400 * 512));
    assert.equal(bootMenu(guest, "w").watchdog, "");
    guest.ok("usr/libexec/greenboot/greenboot-grub2-set-success");
    assert.equal(bootMenu(guest).watchdog, "");
  });

  it("a new release starts with a clean sheet", () => {
    entries("r", "p", "w");
    guest.ok(ARM);
    for (const name of ["boot_ends", "boot_power_cuts"]) assert.equal(value(name), undefined, name);
    assert.deepEqual([value("boot_counter"), value("boot_attempt")], ["3", "first"]);
  });
});
