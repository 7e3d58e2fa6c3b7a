import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";
import { driftOf, heals, scriptObject, type Drifting } from "../support/drift";

type Env = Record<string, string>;

describe("drift of enrolments", () => {
  let host: HostScripts;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new HostScripts();
  });
  afterEach(() => host.remove());

  const at = (...parts: string[]): string => join(host.stateDir, ...parts);
  const env = {
    EDGE_DEVICE: "edge-device-1",
    EDGE_ADDRESS: "192.168.76.11",
    EDGE_MAC: "52:54:00:a8:4c:0b",
    EDGE_NETWORK: "edge-lab",
    EDGE_LIBVIRT_URI: "test:///default",
  };
  const LEASE = "<host mac='52:54:00:A8:4C:0b' name='edge-device-1' ip='192.168.76.11'/>";
  const xml = (leases: string): void =>
    writeFileSync(join(host.path, "network.xml"), `<network>\n<dhcp>\n${leases}\n</dhcp>\n</network>\n`);
  let enrolment: Drifting;
  beforeEach(() => {
    // A libvirt with one network, kept in a file.
    host.program(
      "bin/virsh",
      `[[ ! -e down ]] || exit 1
case "$*" in
  *net-dumpxml*) cat network.xml ;;
  *"net-update edge-lab delete"*) for word; do [[ $word != "<host"* ]] || grep -vF "$word" network.xml >new; done; mv new network.xml ;;
  *"net-update edge-lab add-last"*) for word; do [[ $word != "<host"* ]] || sed -i "s#^</dhcp>#$word\\n&#" network.xml; done ;;
  *domstate*) cat domain ;;
esac`,
    );
    xml("");
    enrolment = scriptObject(host, "enrol.sh", env);
    enrolment.apply();
    writeFileSync(at("console/edge-device-1.log"), "boot\n");
    writeFileSync(join(host.path, "domain"), "running\n");
  });
  const log = (): string => readFileSync(at("console/edge-device-1.log"), "utf8");
  const since = (): number => statSync(at("console/edge-device-1.enrolled")).mtimeMs;

  const rows: Record<string, [RegExp, () => void]> = {
    "its lease is removed": [/fixed lease/, () => xml("")],
    "its lease has another address": [/fixed lease/, () => xml(LEASE.replace("76.11", "76.99"))],
    "its address is another's as well": [
      /fixed lease/,
      () => xml(`${LEASE}\n${LEASE.replace("0b'", "0c'")}`),
    ],
  };
  for (const [what, [found, breakIt]] of Object.entries(rows)) {
    it(`${what}: the running machine's log and enrolment stay`, () => {
      const enrolled = since();
      heals(enrolment, found, breakIt);
      assert.deepEqual([log(), since()], ["boot\n", enrolled]);
    });
  }

  it("its mark is removed: the running machine's log stays", () => {
    heals(enrolment, /mark is gone/, () => rmSync(at("console/edge-device-1.enrolled")));
    assert.equal(log(), "boot\n");
    heals(enrolment, /folder of the console logs/, () => rmSync(at("console"), { recursive: true }));
  });

  it("a machine that is not there any longer is enrolled anew", () => {
    writeFileSync(join(host.path, "domain"), "");
    enrolment.apply();
    assert.throws(log, /ENOENT/);
  });

  it("that ends leaves the lease and the host key of the device that has its address now", () => {
    mkdirSync(at("ssh"));
    const known = at("ssh/known_hosts");
    writeFileSync(known, `192.168.76.11 ssh-ed25519 ${"A".repeat(68)}\n`);
    const taken = LEASE.replace("edge-device-1", "edge-device-3");
    xml(taken);
    assert.equal(host.run("enrol.sh", "destroy", env).status, 0);
    assert.match(host.read("network.xml"), /edge-device-3/);
    assert.match(readFileSync(known, "utf8"), /192\.168\.76\.11/);
    // Its own lease and host key go.
    xml(LEASE);
    assert.equal(host.run("enrol.sh", "destroy", env).status, 0);
    assert.doesNotMatch(host.read("network.xml"), /edge-device-1/);
    assert.equal(readFileSync(known, "utf8"), "");
  });

  describe("and other domains", () => {
    const MINE = "0b8f5ac6-7a5d-4b49-9a10-6b3f1a9b6c55";
    beforeEach(() => {
      // One running domain, old-device, with this device's MAC address.
      host.program(
        "bin/virsh",
        `echo "$*" >>asked
case "$*" in
  *net-dumpxml*) echo "${LEASE}" ;;
  *domiflist*) echo " vnet0 bridge edgelab0 virtio $(cat mac)" ;;
  *"list --name"*) echo "$(cat running)" ;;
  *domuuid*) echo ${MINE} ;;
  *dumpxml*) cat domain.xml ;;
  *domstate*) echo running ;;
esac`,
      );
      write("mac", "52:54:00:a8:4c:0b");
      write("running", "old-device");
      write(
        "domain.xml",
        `<source file='${join(host.stateDir, "x").replaceAll("'", "&apos;").replaceAll('"', "&quot;")}'/>`,
      );
      write("asked", "");
    });
    const write = (name: string, text: string): void => writeFileSync(join(host.path, name), text);
    const enrol = (more: Env = {}): { asked: string; status: number | null; stderr: string } => {
      const { status, stderr } = host.run("enrol.sh", "apply", { ...env, ...more });
      return { asked: host.read("asked"), status, stderr };
    };

    it("one of this lab that had the MAC address before is switched off", () => {
      const { asked, status, stderr } = enrol();
      assert.equal(status, 0, stderr);
      assert.match(asked, / destroy old-device\n/);
      assert.match(stderr, /old-device has the MAC address that is now edge-device-1's/);
    });
    for (const [what, breakIt] of [
      ["with another MAC address", () => write("mac", "52:54:00:a8:4c:0c")],
      ["of another lab", () => write("domain.xml", "<source file='/else/x'/>")],
      ["that is this device itself", () => write("running", "edge-device-1")],
    ] as const) {
      it(`one ${what} stays on`, () => {
        breakIt();
        const { asked, status } = enrol();
        assert.equal(status, 0);
        assert.doesNotMatch(asked, / (destroy|undefine) /);
      });
    }
    it("one that stands in the place of the stack's, which the finding names, makes room for it", () => {
      write("running", "edge-device-1");
      const EDGE_DRIFT = `1: the domain edge-device-1 is another one than the stack's: its UUID is ${MINE}`;
      const { asked, status, stderr } = enrol({ EDGE_DRIFT });
      assert.equal(status, 0, stderr);
      assert.match(asked, / destroy edge-device-1\n(.*\n)*.* undefine edge-device-1\n/);
      write("asked", "");
      assert.doesNotMatch(
        enrol({ EDGE_DRIFT: EDGE_DRIFT.replace(MINE, MINE.replace("0b", "0c")) }).asked,
        /undefine/,
      );
      write("domain.xml", "<source file='/else/x'/>");
      const refused = enrol({ EDGE_DRIFT });
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, /a domain edge-device-1 that is not this lab's .*; fix: rename it/);
    });
  });

  it("says nothing of a network that cannot be asked, and nothing in a LAN", () => {
    xml("");
    writeFileSync(join(host.path, "down"), "");
    assert.deepEqual(driftOf(enrolment.status()), []);
    rmSync(join(host.path, "down"));
    assert.deepEqual(driftOf(scriptObject(host, "enrol.sh", { ...env, EDGE_NETWORK: "" }).status()), []);
  });
});
