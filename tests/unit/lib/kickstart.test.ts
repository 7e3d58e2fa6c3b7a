import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import { kernelArgs, renderKickstart, type KickstartArgs } from "../../../lib/kickstart";
import { ksvalidator } from "../../support/ksvalidator";
import { TempDir } from "../../support/tempProject";
import { kickstartArgs, backups, fixed, HASH, KEY } from "../../support/kickstart";

const keys = (...authorizedKeys: string[]): KickstartArgs =>
  kickstartArgs({}, { user: { ...kickstartArgs().user, authorizedKeys } });
const oddKey = `${KEY} bob's "laptop" $(id) \`id\` \\ #2 %end`;

describe("a rendered kickstart", () => {
  // pykickstart knows each release's directives; the lab's backends install these.
  for (const version of ["RHEL8", "RHEL9", "F42"]) {
    it(`is valid for ${version}`, () => {
      const all = [
        kickstartArgs(),
        backups,
        fixed,
        keys(),
        keys(oddKey),
        { ...kickstartArgs(), user: { ...kickstartArgs().user, groups: [] } },
        kickstartArgs({}, { installer: "anaconda" }),
      ];
      assert.deepEqual(ksvalidator(all.map(renderKickstart), version), { status: 0, complaints: [] });
    });
  }

  it("has one complaint where a user has two keys: Anaconda only warns of that, and takes both", () => {
    const { complaints } = ksvalidator([renderKickstart(keys(KEY, oddKey))], "RHEL9");
    assert.deepEqual(complaints, [
      "General error in input file:  An ssh user with the name core has already been defined.",
    ]);
  });

  it("is refused by the validator when it is not valid", () => {
    const text = renderKickstart(kickstartArgs()).replace("zerombr", "zerombr --hard");
    assert.equal(ksvalidator([renderKickstart(kickstartArgs()), text], "RHEL9").status, 1);
  });

  it("installs the ref without a question, with the user's hash and keys", () => {
    const lines = renderKickstart(kickstartArgs()).split("\n");
    for (const line of [
      "text",
      "zerombr",
      "clearpart --all --initlabel",
      "ostreesetup --osname=edge --remote=edge --url=http://192.168.76.1:8000/repo --ref=debian/trixie/x86_64/edge",
      `user --name=core --uid=1000 --groups=sudo --password=${HASH} --iscrypted`,
      `sshkey --username=core "${KEY} lab@host"`,
      "reboot",
    ]) {
      assert.equal(lines.filter((l) => l === line).length, 1, line);
    }
    assert.ok(!renderKickstart(kickstartArgs()).includes("correct horse"));
  });
});

describe("its %post", () => {
  let dir: TempDir;
  beforeEach(() => {
    dir = new TempDir();
  });
  afterEach(() => dir.remove());

  /** Runs it with /sys, /proc and /etc in the test's folder. */
  const run = (
    a: KickstartArgs,
    macs: string[],
    cmdline: string,
  ): { status: number | null; stderr: string } => {
    const at = (path: string): string => join(dir.path, path);
    const script = renderKickstart(a).split("%post --erroronfail\n")[1]?.split("\n%end")[0] ?? "";
    const nics = macs.map((mac, i) => [`sys/class/net/eth${i}`, mac] as const);
    execFileSync("mkdir", [
      "-p",
      ...nics.map(([nic]) => at(nic)),
      at("sys/class/net"),
      at("proc"),
      at("etc"),
      at("usr/libexec/edge"),
    ]);
    for (const [nic, mac] of nics) writeFileSync(at(`${nic}/address`), `${mac}\n`);
    writeFileSync(at("proc/cmdline"), `${cmdline}\n`);
    writeFileSync(at("usr/libexec/edge/provision"), "#!/bin/sh\n: > $(dirname $0)/ran\n", { mode: 0o755 });
    const local = script
      .replace(/(?<=[ >])\/(sys|proc|etc|usr)\//g, `${dir.path}/$1/`)
      .replace(/^\/usr\//m, `${dir.path}/usr/`);
    const result = spawnSync("sh", ["-c", local], { encoding: "utf8" });
    return { status: result.status, stderr: result.stderr };
  };
  const cmdline = `quiet ${kernelArgs("backup").join(" ")} console=ttyS0`;

  it("knows the device by its MAC and writes what it is", () => {
    const result = run(backups, ["00:00:00:00:00:00", "52:54:00:a8:4c:0d"], cmdline);
    assert.deepEqual(result, { status: 0, stderr: "" });
    const read = (path: string): string => execFileSync("cat", [join(dir.path, path)], { encoding: "utf8" });
    assert.equal(read("etc/hostname"), "three\n");
    assert.equal(read("usr/libexec/edge/ran"), "");
    const env = Object.fromEntries(
      read("etc/edge/device.env")
        .trim()
        .split("\n")
        .map((line) => line.split("=")),
    ) as Record<string, string>;
    assert.deepEqual(env, {
      EDGE_NAME: "three",
      EDGE_ROLE: "backup",
      EDGE_ADDRESS: "192.168.76.13",
      EDGE_PREFIX: "24",
      EDGE_GATEWAY: "192.168.76.1",
      EDGE_VIP: "192.168.76.100",
      EDGE_VIP_STATE: "BACKUP",
      EDGE_VIP_PRIORITY: "253",
      EDGE_PEERS: '"192.168.76.11 192.168.76.12"',
      EDGE_DEPOT: "http://192.168.76.1:8000",
      EDGE_REGISTRY: "192.168.76.1:5000",
      EDGE_APP_PORT: "8080",
      EDGE_ADVERT_SECONDS: "0.3",
      EDGE_APP_IDLE_SECONDS: "60",
      EDGE_UPGRADE_GATE: "open",
    });
  });

  it("refuses a machine that is no device of the lab", () => {
    const result = run(backups, ["52:54:00:a8:4c:0b"], cmdline);
    assert.equal(result.status, 1);
    assert.match(result.stderr, /no device of this lab has the MAC address of this machine/);
  });

  it("fails where the kernel line lacks the VRRP part", () => {
    const result = run(backups, ["52:54:00:a8:4c:0d"], "quiet");
    assert.notEqual(result.status, 0);
    assert.match(result.stderr, /vip_state/);
    const half = run(backups, ["52:54:00:a8:4c:0d"], "quiet vip_state=BACKUP");
    assert.notEqual(half.status, 0);
    assert.match(half.stderr, /vip_priority/);
  });
});

describe("renderKickstart", () => {
  const shape = (text: string): string[] => text.split("\n").map((line) => line.split(/[ =]/)[0] ?? "");
  const whole = shape(renderKickstart(kickstartArgs()));
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "a\nreboot",
      'x" --iscrypted',
      "$(id)",
      "`id`",
      "a b",
      "a\n%end\n",
      "#",
      "END",
      "'",
      "\\",
      "",
      "%include /x",
    ),
  );
  type Change = (a: KickstartArgs, value: string) => KickstartArgs;
  const fields: Record<string, Change> = {
    repoUrl: (a, v) => ({ ...a, repoUrl: v }),
    ref: (a, v) => ({ ...a, ref: v }),
    osName: (a, v) => ({ ...a, osName: v }),
    remote: (a, v) => ({ ...a, remote: v }),
    "user.name": (a, v) => ({ ...a, user: { ...a.user, name: v } }),
    "user.groups": (a, v) => ({ ...a, user: { ...a.user, groups: ["sudo", v] } }),
    "user.passwordHash": (a, v) => ({ ...a, user: { ...a.user, passwordHash: `$6$${v}` } }),
    "user.authorizedKeys": (a, v) => ({ ...a, user: { ...a.user, authorizedKeys: [`${KEY} ${v}`] } }),
    "a whole key": (a, v) => ({ ...a, user: { ...a.user, authorizedKeys: [v] } }),
    "device.name": (a, v) => ({ ...a, devices: a.devices.map((d) => ({ ...d, name: v })) }),
    "device.mac": (a, v) => ({ ...a, devices: a.devices.map((d) => ({ ...d, mac: v })) }),
    "device.address": (a, v) => ({ ...a, allDevices: a.allDevices.map((d) => ({ ...d, address: v })) }),
    gateway: (a, v) => ({ ...a, gateway: v }),
    vip: (a, v) => ({ ...a, vip: v }),
    depotUrl: (a, v) => ({ ...a, depotUrl: v }),
    registry: (a, v) => ({ ...a, registry: v }),
  };
  for (const [field, change] of Object.entries(fields)) {
    it(`throws, or keeps ${field} inside its quotes`, () => {
      fc.assert(
        fc.property(text, (value) => {
          let rendered: string;
          try {
            rendered = renderKickstart(change(kickstartArgs(), value));
          } catch (e) {
            assert.match(String(e), /cannot carry|not a crypt/);
            assert.ok(field !== "user.passwordHash" || value.length < 4 || !String(e).includes(value));
            return;
          }
          assert.equal(shape(rendered).length, whole.length);
          const odd = shape(rendered).filter((word, i) => word !== whole[i]);
          assert.ok(odd.length === 0 || field === "device.mac", odd.join(" "));
          for (const line of rendered.split("\n").filter((l) => l.startsWith("sshkey"))) {
            assert.match(line, /^sshkey --username=\S+ "[^"$`'\\]*"$/);
          }
        }),
      );
    });
  }
});

describe("kernelArgs", () => {
  it("are the demonstration's", () => {
    assert.deepEqual(kernelArgs("primary"), ["vip_state=MASTER", "vip_priority=255"]);
    assert.deepEqual(kernelArgs("backup"), ["vip_state=BACKUP", "vip_priority=254"]);
  });
});
