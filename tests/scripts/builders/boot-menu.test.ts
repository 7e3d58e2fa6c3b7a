import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BootDisk, environmentBlock } from "../support/bootDisk";
import { GrubMachine, type GrubMachineArgs } from "../support/grubMachine";
import { installerParts } from "../support/installerParts";
import { needs } from "../support/sandbox";

/**
 * What a boot does after the menu: a hang is ended by the watchdog, or by the test that cuts the power; a kernel that is
 * unreadable ends the entry.
 */
type Fate = "reboot" | "hang" | "unreadable";

/** Ticks of both stages of the watchdog: 1 s for the first attempt, 3 s for the others. */
const WATCHDOG = 512;
const WATCHDOG_AGAIN = 1536;
/** Between the two, milliseconds. */
const BETWEEN = 2000;

/** As an update arms the counter. */
const ARMED = {
  boot_counter: "3",
  boot_success: "0",
  boot_attempt: "first",
  boot_watchdog: String(WATCHDOG),
  boot_watchdog_again: String(WATCHDOG_AGAIN),
};

/** A watchdog that no test waits for. */
const SLOW = { boot_watchdog: "60000", boot_watchdog_again: "60000" };

/** A menu of deployments, like ostree's, that says what it sees. The boots have these fates in turn, then hang. */
function menu(fates: readonly Fate[], deployments: readonly string[] = ["new", "old"]): string {
  const commands = { reboot: "reboot", hang: "sleep 1000", unreadable: "linux /missing; initrd /missing" };
  // The entry's last command decides whether it failed.
  const steps = fates.map(
    (fate, i) => `if [ "\${step}" = "${"x".repeat(i + 1)}" ]; then ${commands[fate]}; el`,
  );
  const entry = (title: string): string => `menuentry ${title} {
    echo "test: ${title} end=\${boot_end} ends=\${boot_ends} cuts=\${boot_power_cuts} counter=\${boot_counter}"
    ${steps.join("")}if true; then sleep 1000; fi
  }`;
  return `set step="\${step}x"\nsave_env step\n${deployments.map(entry).join("\n")}\n`;
}

/** The counting alone: tests/scripts/guest/boot-menu.test.ts. Here real GRUB runs it, on a machine like a device. */
describe("debian installer: the boot menu in real GRUB", function () {
  this.timeout(60_000);
  const scratch = mkdtempSync(join(tmpdir(), "edge-grub-"));
  let parts: string;
  let count = 0;
  const machines: GrubMachine[] = [];

  before(function () {
    this.timeout(900_000);
    needs(this, "qemu-system-x86_64", "mkfs.ext4", "debugfs");
    parts = installerParts(this, scratch);
  });
  afterEach(() => Promise.all(machines.splice(0).map((machine) => machine.cutPower())));
  after(() => rmSync(scratch, { recursive: true, force: true }));

  const start = async (
    grubenv: Buffer | undefined,
    fates: readonly Fate[] = [],
    { deployments, ...args }: GrubMachineArgs & { deployments?: readonly string[] | undefined } = {},
  ): Promise<[GrubMachine, BootDisk]> => {
    const folder = join(scratch, String(++count));
    mkdirSync(folder);
    const disk = new BootDisk(folder, { parts, grubenv, loader: menu(fates, deployments) });
    const machine = new GrubMachine(disk, folder, args);
    machines.push(machine);
    await machine.powerOn();
    return [machine, disk];
  };
  /** What the nth boot's menu saw. */
  const seen = async (of: GrubMachine, nth = 1): Promise<string> =>
    (await of.line(/^test: /, nth)).text.replace("test: ", "");

  it("counts an update's attempts; each has its watchdog, and it knows how each ended", async () => {
    const [grub, disk] = await start(environmentBlock(ARMED), ["hang", "reboot", "hang"]);
    assert.equal(await seen(grub, 1), "new end=p ends= cuts= counter=2");
    assert.equal(await seen(grub, 2), "new end=w ends=w cuts= counter=1");
    assert.equal(await seen(grub, 3), "new end=r ends=wr cuts= counter=0");
    assert.equal(await seen(grub, 4), "old end=w ends=wrw cuts= counter=-1");
    const attempts = await Promise.all([1, 3].map((nth) => grub.line(/^edge-boot: .* entry=0$/, nth)));
    const resets = grub.events.filter(({ name }) => name === "WATCHDOG");
    const took = attempts.map(({ at }, i) => (resets[i]?.at ?? 0) - at);
    assert.ok(took[0] !== undefined && took[0] > 0 && took[0] < BETWEEN, `first attempt: ${took.join()} ms`);
    assert.ok(took[1] !== undefined && took[1] > BETWEEN, `third attempt: ${took.join()} ms`);
    // The deployment before is not guarded: it would be reset once more.
    await new Promise((resolve) => setTimeout(resolve, 3500));
    assert.equal(grub.events.filter(({ name }) => name === "WATCHDOG").length, 2);
    const { boot_counter, boot_success, boot_ends, boot_attempt, boot_end } = disk.variables();
    assert.deepEqual(
      { boot_counter, boot_success, boot_ends, boot_attempt, boot_end },
      { boot_counter: "-1", boot_success: "0", boot_ends: "wrw", boot_attempt: "again", boot_end: "w" },
    );
  });

  it("an attempt whose power is cut does not count", async () => {
    const [grub, disk] = await start(environmentBlock({ ...ARMED, ...SLOW }), ["hang", "hang", "reboot"]);
    assert.equal(await seen(grub, 1), "new end=p ends= cuts= counter=2");
    await grub.cutPower();
    await grub.powerOn();
    assert.equal(await seen(grub, 2), "new end=p ends=p cuts=p counter=2");
    await grub.cutPower();
    await grub.powerOn();
    assert.equal(await seen(grub, 3), "new end=p ends=pp cuts=pp counter=2");
    assert.equal(await seen(grub, 4), "new end=r ends=ppr cuts=pp counter=1");
    assert.equal(disk.variables()["boot_counter"], "1");
  });

  it("keeps the time of day at which a boot began, and how the one before ended", async () => {
    const [grub, disk] = await start(environmentBlock({ boot_success: "1" }), ["reboot"], {
      clock: "2026-03-04T09:08:07",
    });
    assert.equal(await seen(grub, 1), "new end=p ends= cuts= counter=");
    assert.equal(await seen(grub, 2), "new end=r ends= cuts= counter=");
    const { boot_began = "", boot_end, boot_success } = disk.variables();
    assert.match(boot_began, /^9:8:\d{1,2}$/);
    const second = Number(boot_began.split(":")[2]);
    assert.ok(second >= 7 && second < 40, boot_began);
    assert.deepEqual([boot_end, boot_success], ["r", "0"]);
  });

  it("a machine without that watchdog cannot tell, and counts every attempt", async () => {
    const [grub] = await start(environmentBlock(ARMED), ["reboot"], { watchdog: false });
    assert.equal(await seen(grub, 1), "new end=? ends= cuts= counter=2");
    assert.equal(await seen(grub, 2), "new end=? ends=? cuts= counter=1");
  });

  it("an attempt whose kernel cannot be read counts", async () => {
    const [grub] = await start(environmentBlock({ ...ARMED, boot_counter: "1" }), ["unreadable"]);
    assert.equal(await seen(grub, 2), "old end=w ends=w cuts= counter=-1");
  });

  for (const [what, deployments, second] of [
    ["starts the deployment before", undefined, "old end=p ends= cuts= counter="],
    ["starts the only deployment again", ["new"], "new end=r ends= cuts= counter="],
  ] as const)
    it(`${what} when the default one's kernel cannot be read`, async () => {
      const [grub] = await start(environmentBlock({ boot_success: "1" }), ["unreadable"], { deployments });
      await grub.line(/load the kernel first/);
      grub.pressKey(); // it would show its error for ten seconds
      assert.equal(await seen(grub, 2), second);
    });

  const damaged = { "is all NUL": Buffer.alloc(1024), "is empty": Buffer.alloc(0), "is missing": undefined };
  for (const [what, grubenv] of Object.entries(damaged)) {
    it(`starts the default deployment when grubenv ${what}`, async () => {
      const [grub] = await start(grubenv);
      assert.equal(await seen(grub), "new end=p ends= cuts= counter=");
    });
  }
});
