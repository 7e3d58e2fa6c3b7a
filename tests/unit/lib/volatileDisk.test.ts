import assert from "node:assert/strict";

import { XMLParser } from "fast-xml-parser";

import { confiningModels, diskOverNbd } from "../../../lib/volatileDisk";

const SOCKET = "/run/edge-lab-x/disk.sock";

/** As `virsh dumpxml --inactive` prints it. */
const domain = (file: string, more = ""): string => `<domain type='qemu'>
  <name>edge-device-1</name>
  <uuid>6c9d0d49-8e46-4c43-b4bb-9a5a4a3c1c9e</uuid>
  <metadata>
    <edge-lab:owner xmlns:edge-lab="https://edge-lab/owner" stack="dev" stateDir="/lab"/>
  </metadata>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='unsafe' discard='unmap'/>
      <source file='${file}'/>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>
    </disk>${more}
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <source file='/lab/iso/edge-primary.iso'/>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <watchdog model='i6300esb' action='reset'/>
  </devices>
</domain>
`;

interface Disk {
  readonly type: string;
  readonly device: string;
  readonly driver: Record<string, string>;
  readonly source: Record<string, unknown>;
  readonly target: Record<string, string>;
}

function parsed(xml: string): { devices: { disk: Disk[] }; seclabel?: unknown } {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    isArray: (name) => name === "disk" || name === "seclabel",
  });
  return (parser.parse(xml) as { domain: { devices: { disk: Disk[] } } }).domain;
}

describe("a domain's disk over NBD", () => {
  it("passes flushes on, stops the guest when it goes away, and discards nothing", () => {
    const { xml, file } = diskOverNbd(domain("/lab/pool/edge-device-1.qcow2"), SOCKET);
    assert.equal(file, "/lab/pool/edge-device-1.qcow2");
    const [disk] = parsed(xml).devices.disk;
    assert.equal(disk?.type, "network");
    assert.deepEqual(disk.driver, {
      name: "qemu",
      type: "raw",
      cache: "writeback",
      discard: "ignore",
      error_policy: "stop",
      rerror_policy: "stop",
    });
    assert.deepEqual(disk.source, { protocol: "nbd", host: { transport: "unix", socket: SOCKET } });
    assert.deepEqual(disk.target, { dev: "vda", bus: "virtio" });
  });

  it("leaves all else as it is", () => {
    const before = domain("/lab/disk");
    const { xml } = diskOverNbd(before, SOCKET);
    const without = (text: string): string => text.replace(/<disk [^]*?<\/disk>/, "");
    assert.equal(without(xml), without(before));
    assert.deepEqual(parsed(xml).devices.disk[1], parsed(before).devices.disk[1]);
  });

  it("understands a path that XML must escape, and a source with children", () => {
    const path = "/l&b/$& <1>'s.qcow2";
    const escaped = "/l&amp;b/$&amp; &lt;1&gt;&apos;s.qcow2";
    assert.equal(diskOverNbd(domain(escaped), SOCKET).file, path);
    const children = domain("/lab/disk").replace(
      "<source file='/lab/disk'/>",
      "<source file='/lab/disk' index='1'><privateData/></source>",
    );
    const { xml, file } = diskOverNbd(children, "/run/a&'b/$&.sock");
    assert.equal(file, "/lab/disk");
    assert.doesNotMatch(xml, /privateData/);
    assert.match(xml, /socket='\/run\/a&amp;&apos;b\/\$&amp;\.sock'/);
  });

  it("refuses a domain with no such disk or with several", () => {
    assert.throws(() => diskOverNbd("<domain></domain>", SOCKET), /has 0 disks that are files instead of 1/);
    const second = "<disk type='file' device='disk'><source file='/b'/></disk>";
    assert.throws(() => diskOverNbd(domain("/a", second), SOCKET), /has 2 disks/);
  });

  it("lifts the confinement that keeps QEMU from the socket, where there is one", () => {
    const models = confiningModels(`<capabilities><host>
      <secmodel>\n<model>apparmor</model>\n<doi>0</doi></secmodel>
      <secmodel><model>dac</model><doi>0</doi><baselabel type='kvm'>+64055:+103</baselabel></secmodel>
      </host></capabilities>`);
    assert.deepEqual(models, ["apparmor"]);
    assert.deepEqual(confiningModels("<secmodel><model>selinux</model></secmodel>"), ["selinux"]);
    assert.deepEqual(confiningModels("<secmodel><model>none</model></secmodel>"), []);
    const { xml } = diskOverNbd(domain("/a"), SOCKET, models);
    assert.deepEqual(parsed(xml).seclabel, [{ type: "none", model: "apparmor" }]);
  });
});
