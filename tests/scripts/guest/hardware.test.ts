import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { NEW, OLD } from "../../unit/depot/support/depot";
import { DevicePair } from "../support/devicePair";
import { Guest } from "../support/guest";

const LIB = "usr/libexec/edge";
const MIB = 2048; // sectors

describe("guest: a disk that has grown", () => {
  let guest: Guest;
  beforeEach(() => {
    guest = new Guest();
    guest.standIn("findmnt", "echo /dev/vda4 ext4");
    for (const name of ["sfdisk", "partx", "pvresize", "lvextend"]) guest.standIn(name, "cat >/dev/null");
    guest.standIn("unshare", 'printf "%s " "$@" | tail -c 200 >>"$EDGE_ROOT/inside"');
    disk("vda", 16384, "vda4", 1024, 15000);
  });
  afterEach(() => guest.remove());

  /** A disk with one partition as the kernel shows them; sizes in MiB. */
  const disk = (name: string, size: number, part: string, start: number, length: number): void => {
    const block = "sys/class/block";
    const device = `sys/devices/pci/block/${name}`;
    guest.write(`${device}/size`, `${size * MIB}\n`);
    guest.write(`${device}/${part}/partition`, "4\n");
    guest.write(`${device}/${part}/start`, `${start * MIB}\n`);
    guest.write(`${device}/${part}/size`, `${length * MIB}\n`);
    mkdirSync(join(guest.root, block), { recursive: true });
    for (const [link, target] of [
      [name, device],
      [part, `${device}/${part}`],
    ] as const) {
      const path = join(guest.root, block, link);
      if (!guest.has(`${block}/${link}`)) symlinkSync(join(guest.root, target), path);
    }
  };
  const calls = (): string[] => guest.calls().filter((call) => !/^(findmnt|unshare)/.test(call));

  it("is taken up: partition, then file system, in a mount namespace where the root is writable", () => {
    disk("vda", 20480, "vda4", 1024, 15000);
    guest.standIn("partx", `echo ${19000 * MIB} >"$EDGE_ROOT/sys/devices/pci/block/vda/vda4/size"`);
    assert.equal(guest.ok(`${LIB}/grow`).stdout, "19000\n");
    assert.deepEqual(calls(), [
      "sfdisk --quiet --no-reread --force -N 4 /dev/vda",
      "partx --update --nr 4 /dev/vda",
    ]);
    assert.match(guest.read("inside"), /resize2fs "\$1".* \/dev\/vda4/);
  });

  it("is not there: nothing is done, twice", () => {
    disk("vda", 16384, "vda4", 1024, 15359);
    for (let i = 0; i < 2; i++) assert.equal(guest.ok(`${LIB}/grow`).stdout, "");
    assert.deepEqual(calls(), []);
    assert.ok(!guest.has("inside"));
  });

  it("below a logical volume with XFS: the volume grows as well", () => {
    disk("vda", 20480, "vda4", 1024, 15000);
    guest.standIn("findmnt", "echo /dev/mapper/rhel-root xfs");
    guest.write("dev/dm-0", "");
    mkdirSync(join(guest.root, "dev/mapper"));
    symlinkSync("../dm-0", join(guest.root, "dev/mapper/rhel-root"));
    mkdirSync(join(guest.root, "sys/class/block/dm-0/slaves/vda4"), { recursive: true });
    guest.ok(`${LIB}/grow`);
    assert.deepEqual(calls().slice(2), [
      "pvresize /dev/vda4",
      "lvextend --extents +100%FREE /dev/mapper/rhel-root",
    ]);
    assert.match(guest.read("inside"), /xfs_growfs "\$1"/);
  });

  it("without a partition is said, and no error", () => {
    guest.standIn("findmnt", "echo overlay overlay");
    assert.match(guest.ok(`${LIB}/grow`).stderr, /on no partition/);
    assert.deepEqual(calls(), []);
  });

  it("whose partition cannot grow is an error", () => {
    disk("vda", 20480, "vda4", 1024, 15000);
    guest.standIn("sfdisk", "echo no >&2; exit 1");
    assert.notEqual(guest.run(`${LIB}/grow`).status, 0);
    assert.ok(!guest.has("inside"));
  });
});

describe("guest: switched off for other hardware", () => {
  let pair: DevicePair;
  beforeEach(async () => {
    pair = new DevicePair();
    await pair.start();
    await pair.reboot();
  });
  afterEach(() => pair.stop());

  const holder = (): string | undefined => pair.server.fixture.depot.locks["default"]?.device;
  const off = (): string[] => pair.guest.calls().filter((call) => call.includes("poweroff"));
  const refused = async (why: RegExp): Promise<void> => {
    const { status, stderr } = await pair.guest.served(`${LIB}/switch-off`);
    assert.equal(status, 75, stderr);
    assert.match(stderr, why);
    assert.deepEqual(off(), []);
  };

  it("takes the lock, says so, and powers off; the next boot gives the lock back once it is healthy", async () => {
    await pair.judged("green");
    await pair.ok(`${LIB}/switch-off`);
    assert.deepEqual(off(), ["systemctl --no-block poweroff"]);
    assert.equal(holder(), "edge-1");
    assert.equal(pair.reports().at(-1)?.event, "rebooting");
    await pair.reboot();
    await pair.judged("green");
    await pair.ok(`${LIB}/release`);
    assert.equal(holder(), undefined);
  });

  it("not before its boot has a verdict, and not with a release staged, which takes its turn first", async () => {
    await refused(/no verdict/);
    await pair.judged("green");
    pair.publish(NEW);
    await pair.ok(`${LIB}/update`);
    await refused(/is staged/);
    assert.equal(holder(), undefined);
    assert.notEqual(NEW, OLD);
  });

  it("not while another device has the lock", async () => {
    await pair.judged("green");
    await pair.server.fixture.depot.preReboot({ group: "default", id: "edge-2", device: "edge-2" });
    await refused(/not yet this device's turn/);
  });
});
