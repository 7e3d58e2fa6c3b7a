import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { renderKickstart } from "../../../lib/kickstart";
import { ksvalidator } from "../../support/ksvalidator";
import { TempDir } from "../../support/tempProject";
import { backups, fixed } from "../../support/kickstart";

describe("its %pre, where addresses are fixed", () => {
  let dir: TempDir;
  beforeEach(() => {
    dir = new TempDir();
  });
  afterEach(() => dir.remove());

  /** Runs it with /sys and /tmp in the test's folder; returns the file that the kickstart includes. */
  const run = (mac: string): { status: number | null; stderr: string; network: string } => {
    const file = join(dir.path, "network.ks");
    const nic = join(dir.path, "sys/class/net/eth0");
    execFileSync("mkdir", ["-p", nic]);
    writeFileSync(join(nic, "address"), `${mac}\n`);
    const text = renderKickstart(fixed);
    assert.match(text, /^%include \/tmp\/edge-network\.ks$/m);
    const script = text.split("%pre --erroronfail\n")[1]?.split("\n%end")[0] ?? "";
    const local = script
      .replaceAll("/tmp/edge-network.ks", file)
      .replaceAll("/sys/", `${dir.path}/sys/`)
      .replace("sleep 0.1", "sleep 0.001");
    const { status, stderr } = spawnSync("sh", ["-c", local], { encoding: "utf8" });
    return { status, stderr, network: existsSync(file) ? readFileSync(file, "utf8") : "" };
  };

  it("gives the device that its MAC says its own address", () => {
    const network =
      "network --bootproto=static --device=52:54:00:a8:4c:0d --ip=192.168.76.13 --netmask=255.255.255.0 --gateway=192.168.76.254 --nameserver=192.168.76.253,9.9.9.9\n";
    assert.deepEqual(run("52:54:00:a8:4c:0d"), { status: 0, stderr: "", network });
    // The included file must follow Anaconda's and the debian installer's rules.
    for (const version of ["RHEL8", "RHEL9", "F42"]) {
      const whole = renderKickstart(fixed).replace("%include /tmp/edge-network.ks\n", network);
      assert.deepEqual(ksvalidator([whole], version), { status: 0, complaints: [] });
    }
  });

  it("ends the installation of a machine that is no device of the lab", () => {
    const { status, stderr, network } = run("52:54:00:00:00:01");
    assert.equal(`${status} ${network}`, "1 ");
    assert.match(stderr, /no device of this lab has the MAC address/);
  });

  it("is not there where the lab gives the addresses", () => {
    assert.ok(!renderKickstart(backups).includes("%pre"));
    assert.match(renderKickstart(backups), /^network --bootproto=dhcp$/m);
    assert.ok(!renderKickstart(backups).includes("EDGE_DNS"));
    assert.match(renderKickstart(fixed), /^EDGE_DNS="192\.168\.76\.253 9\.9\.9\.9"$/m);
  });
});
