import assert from "node:assert/strict";

import { Guest, V1, V2 } from "../support/guest";

const MERGE = "error: newly defaults to directory 'vim', cannot merge";

interface UpdateError {
  commit: string;
  output: string;
  attempts: number;
}

/** Reboots into a staged commit that end in the deployment before. */
describe("guest: a staged commit that does not boot", () => {
  let guest: Guest;
  beforeEach(() => {
    guest = new Guest();
    guest.grubenv({ boot_success: "0", boot_end: "r" });
  });
  afterEach(() => guest.remove());

  /** The device reboots into the commit, and the next boot looks back. */
  const reboot = (): string => {
    guest.shell(`attempt_begin ${V2} 0.0.2; rm -rf "$RUN"; mkdir "$RUN"`);
    return guest.ok("usr/libexec/edge/provision", ["boot"]).stderr;
  };
  const error = (): UpdateError => guest.json("run/edge/update-error.json") as UpdateError;
  const failed = (): { commit: string; cause: string; check: string; output: string; attempts: number }[] =>
    guest.has("var/lib/edge/failed.json")
      ? (guest.json("var/lib/edge/failed.json") as ReturnType<typeof failed>)
      : [];

  it("is reported with ostree's own words, and given up after three reboots", () => {
    guest.write("boot/ostree/finalize-failure.stamp", `${MERGE}\n`);
    for (const attempts of [1, 2]) {
      assert.match(reboot(), new RegExp(`did not boot, attempt ${attempts} of 3: .*cannot merge`));
      assert.deepEqual(error(), { commit: V2, output: `ostree admin finalize-staged: ${MERGE}`, attempts });
      assert.deepEqual(failed(), []);
    }
    reboot();
    const [entry] = failed();
    assert.deepEqual(
      [entry?.commit, entry?.cause, entry?.check, entry?.attempts, entry?.output],
      [V2, "finalize", "none", 3, `ostree admin finalize-staged: ${MERGE}`],
    );
    assert.equal(guest.has("var/lib/edge/upgrade-attempt"), false);
  });

  it("another commit is counted from one", () => {
    reboot();
    reboot();
    guest.shell(`attempt_begin ${"3".repeat(64)} 0.0.3`);
    assert.equal(guest.read("var/lib/edge/upgrade-attempt"), `${"3".repeat(64)} 0.0.3 1\n`);
  });

  it("a boot loader that never learnt of it is counted too", () => {
    assert.match(reboot(), /attempt 1 of 3: it was staged, but the boot loader never learnt of it/);
  });

  it("a power cut on the way down does not count", () => {
    guest.grubenv({ boot_success: "0", boot_end: "p" });
    for (let i = 0; i < 5; i++) assert.match(reboot(), /the power was cut before .* does not count/);
    assert.deepEqual(failed(), []);
    assert.equal(guest.has("run/edge/update-error.json"), false);
  });

  it("a commit that boots is forgotten, and so is one that the boot loader gave up", () => {
    guest.deployed([{ commit: V2, version: "0.0.2", booted: true }]);
    reboot();
    assert.equal(guest.has("var/lib/edge/upgrade-attempt"), false);
    guest.deployed([{ commit: V1, version: "0.0.1", booted: true }]);
    guest.grubenv({ boot_counter: "-1", boot_success: "0" });
    reboot();
    assert.equal(guest.has("var/lib/edge/upgrade-attempt"), false);
    assert.equal(guest.has("run/edge/update-error.json"), false);
  });

  it("a note that cannot be read is none", () => {
    for (const text of ["", "\0\0\0", V2, `${V2} 0.0.2 x`, "nonsense 0.0.2 1"]) {
      guest.write("var/lib/edge/upgrade-attempt", text);
      guest.ok("usr/libexec/edge/provision", ["boot"]);
      assert.equal(guest.has("run/edge/update-error.json"), false);
    }
  });

  describe("arming", () => {
    const arm = (): ReturnType<Guest["run"]> =>
      guest.run("usr/libexec/greenboot/greenboot-grub2-set-counter");
    beforeEach(() => guest.write("run/ostree/staged-deployment", ""));

    for (const [what, text] of [
      ["empty", ""],
      ["NULs", "\0".repeat(1024)],
      ["one byte", "#"],
      ["edited by hand", "# GRUB Environment Block\nboot_success=1\nsaved_entry=foo\n"],
      ["cut off", "# GRUB Environment Block\n".padEnd(700, "#")],
      ["something else of the right size", "x".repeat(1024)],
    ] as const) {
      it(`an environment block that is ${what} is made anew, and the old one kept`, () => {
        guest.write("boot/grub/grubenv", text);
        const { status, stderr } = arm();
        assert.equal(status, 0, stderr);
        assert.match(stderr, /grubenv is damaged: made anew/);
        const block = guest.read("boot/grub/grubenv");
        assert.equal(block.length, 1024);
        assert.match(block, /^boot_counter=3$/m);
        assert.equal(guest.read("boot/grub/grubenv.damaged"), text);
      });
    }

    it("a sound one is kept as it is", () => {
      guest.grubenv({ boot_success: "0", saved_entry: "mine" });
      assert.equal(arm().stderr, "");
      assert.match(guest.read("boot/grub/grubenv"), /^saved_entry=mine$/m);
    });

    it("one that fails finalises nothing, and the next boot says why", () => {
      guest.standIn("grub-editenv", "echo 'grub-editenv: error: Read-only file system.' >&2; exit 1");
      assert.equal(arm().status, 1);
      reboot();
      assert.match(error().output, /^the boot counter could not be armed: .*Read-only file system/);
      assert.equal(error().attempts, 1);
    });
  });
});
