import assert from "node:assert/strict";
import { mkdirSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { libvirtStatus } from "../../../client/drift/libvirt";
import { diskOverNbd, isVolatile, VOLATILE_SOCKETS } from "../../../lib/volatileDisk";
import { VolatileCache } from "../../../scenarios/engine/volatileCache";
import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";

const UUID = "0b8f5ac6-7a5d-4b49-9a10-6b3f1a9b6c55";

/** A domain as virsh prints it. */
function domain({ memoryMiB = 2048, vcpus = 2, machine = "q35", metadata = "" } = {}): string {
  return `<domain type='kvm'>
  <name>edge-1</name>
  <uuid>${UUID}</uuid>
${metadata}  <memory unit='KiB'>${memoryMiB * 1024}</memory>
  <currentMemory unit='KiB'>${memoryMiB * 1024}</currentMemory>
  <vcpu placement='static'>${vcpus}</vcpu>
  <os><type machine='${machine}'>hvm</type></os>
</domain>`;
}

describe("libvirt-status.sh", () => {
  let host: HostScripts;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new HostScripts();
    mkdirSync(join(host.stateDir, "console"));
  });
  afterEach(() => host.remove());

  const env = { EDGE_LIBVIRT_URI: "test:///default", EDGE_DOMAINS: "edge-1" };
  const defined = (xml: string): void =>
    host.program(
      "bin/virsh",
      `case $* in *dumpxml*) cat <<'XML'\n${xml}\nXML\n;; *list*) echo edge-1 ;; esac`,
    );
  const asked = (): { differs: boolean; memoryMiB: number | undefined; vcpus: number | undefined } => {
    const { domains } = libvirtStatus.parse(host.answer("libvirt-status.sh", "status", env));
    const { recorded = "", definition = "", memoryMiB, vcpus } = domains["edge-1"] ?? {};
    assert.ok(recorded.startsWith(`${UUID} `));
    return { differs: recorded !== definition, memoryMiB, vcpus };
  };

  it("takes a domain that is told its owner for the same, and one of another machine for another", () => {
    defined(domain());
    assert.equal(host.run("libvirt-status.sh", "record", env).status, 0);
    assert.equal(asked().differs, false);
    defined(domain({ metadata: '  <metadata>\n    <edge-lab:owner id="x"/>\n  </metadata>\n' }));
    assert.equal(asked().differs, false);
    defined(domain({ machine: "pc" }));
    assert.equal(asked().differs, true);
  });

  it("tells memory and vcpus apart from the rest: they change in place", () => {
    defined(domain());
    assert.equal(host.run("libvirt-status.sh", "record", env).status, 0);
    assert.deepEqual(asked(), { differs: false, memoryMiB: 2048, vcpus: 2 });
    defined(domain({ memoryMiB: 2560, vcpus: 3 }));
    assert.deepEqual(asked(), { differs: false, memoryMiB: 2560, vcpus: 3 });
  });

  it("tells domains that are paused or do not start with the host", () => {
    const lists = (paused: string, autostart: string): unknown => {
      host.program(
        "bin/virsh",
        `case $* in
          *--state-paused*) echo ${paused} ;;
          *--autostart*) echo ${autostart} ;;
          *dumpxml*) cat <<'XML'\n${domain()}\nXML\n;;
          *" list "*) echo edge-1 ;;
        esac`,
      );
      const { domains } = libvirtStatus.parse(host.answer("libvirt-status.sh", "status", env));
      const { running, paused: is, autostart: starts } = domains["edge-1"] ?? {};
      return { running, paused: is, autostart: starts };
    };
    assert.deepEqual(lists("other", "edge-1"), { running: true, paused: false, autostart: true });
    assert.deepEqual(lists("edge-1", "edge-10"), { running: true, paused: true, autostart: false });
  });

  it("tells that a domain runs on the volatile disk of a scenario", () => {
    defined(domain());
    const run = join(host.path, "run");
    const volatile = (): boolean | undefined =>
      libvirtStatus.parse(host.answer("libvirt-status.sh", "status", { ...env, EDGE_LIBVIRT_RUN: run }))
        .domains["edge-1"]?.volatile;
    assert.equal(volatile(), false);
    mkdirSync(join(run, "qemu"), { recursive: true });
    const plain = "<disk type='file' device='disk'><source file='/lab/disk'/></disk>";
    writeFileSync(join(run, "qemu/edge-1.xml"), `<domstatus><domain>${plain}</domain></domstatus>`);
    assert.equal(volatile(), false);
    const { xml } = diskOverNbd(plain, VolatileCache.socketIn(`${VOLATILE_SOCKETS}AbC123`));
    writeFileSync(join(run, "qemu/edge-1.xml"), `<domstatus><domain>${xml}</domain></domstatus>`);
    assert.equal(volatile(), true);
    assert.deepEqual([plain, xml].map(isVolatile), [false, true]);
  });

  it("tells when a domain was switched on", () => {
    defined(domain());
    const since = (): number | undefined =>
      libvirtStatus.parse(
        host.answer("libvirt-status.sh", "status", { ...env, EDGE_LIBVIRT_RUN: join(host.path, "run") }),
      ).domains["edge-1"]?.since;
    assert.equal(since(), 0);
    mkdirSync(join(host.path, "run/qemu"), { recursive: true });
    writeFileSync(join(host.path, "run/qemu/edge-1.pid"), "1");
    utimesSync(join(host.path, "run/qemu/edge-1.pid"), 1000, 1000);
    assert.equal(since(), 1000);
  });

  it("reads the names of pools, which virsh pads with blanks, and tells active from inactive", () => {
    host.program(
      "bin/virsh",
      `case $* in
        *"pool-list --all"*) printf '%-20s\\n' edge-lab other ;;
        *pool-list*) printf '%-20s\\n' edge-lab ;;
        *"net-list --all"*) echo edge-lab ;;
      esac`,
    );
    const { answers, networks, pools } = host.answer("libvirt-status.sh", "status", env);
    assert.deepEqual(
      { answers, networks, pools },
      { answers: true, networks: { "edge-lab": false }, pools: { "edge-lab": true, other: false } },
    );
  });

  it("tells a network without its bridge and a pool without its folder for what they are", () => {
    host.program(
      "bin/virsh",
      `case $* in
        *net-dumpxml*) echo "  <bridge name='$(cat bridge)' stp='on'/>" ;;
        *list*) printf '%s\\n' edge-lab other ;;
      esac`,
    );
    const asked = (bridge: string): unknown => {
      writeFileSync(join(host.path, "bridge"), bridge);
      const { networks, pools } = host.answer("libvirt-status.sh", "status", {
        ...env,
        EDGE_NETWORKS: "edge-lab",
      });
      return { networks, pools };
    };
    assert.deepEqual(asked("edgelab9"), {
      networks: { "edge-lab": false, other: true },
      pools: { "edge-lab": false, other: true },
    });
    mkdirSync(join(host.stateDir, "pool"));
    assert.deepEqual(asked("lo"), {
      networks: { "edge-lab": true, other: true },
      pools: { "edge-lab": true, other: true },
    });
  });

  it("tells what the file of each disk takes, also without a daemon", () => {
    host.program("bin/virsh", "exit 1");
    const volumes = (): unknown => host.answer("libvirt-status.sh", "status", env)["volumes"];
    assert.deepEqual(volumes(), {});
    mkdirSync(join(host.stateDir, "pool"));
    const file = (name: string): string => join(host.stateDir, "pool", name);
    writeFileSync(file("d1.qcow2"), "x".repeat(10_000));
    writeFileSync(file("d2 é.qcow2"), "");
    truncateSync(file("d2 é.qcow2"), 2 ** 20);
    const blocks = statSync(file("d1.qcow2")).blocks * 512;
    assert.deepEqual(volumes(), {
      "d1.qcow2": { fileBytes: 10_000, allocatedBytes: blocks },
      "d2 é.qcow2": { fileBytes: 2 ** 20, allocatedBytes: 0 },
    });
  });

  for (const question of ["list --all", "net-list", "pool-list --all"]) {
    it(`knows nothing where virsh does not answer \`${question}\`: what is not listed is not gone`, () => {
      host.program(
        "bin/virsh",
        `case $* in *" ${question} --name") exit 1 ;; *list*) echo edge-lab ;; *) echo x ;; esac`,
      );
      const { answers, networks, pools } = host.answer("libvirt-status.sh", "status", env);
      assert.deepEqual({ answers, networks, pools }, { answers: false, networks: {}, pools: {} });
    });
  }
});
