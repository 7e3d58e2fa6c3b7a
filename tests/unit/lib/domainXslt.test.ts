import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import { XMLParser } from "fast-xml-parser";

import { domainXslt, type DomainXsltArgs } from "../../../lib/domainXslt";
import { TempDir } from "../../support/tempProject";

const args: DomainXsltArgs = {
  accelerator: "tcg",
  diskPath: "/lab/pool/edge-device-1.qcow2",
  consoleLog: "/lab/console/edge-device-1.log",
};

/** A domain's XML from the libvirt provider, before the stylesheet. */
const DOMAIN = `<domain type="qemu"><name>edge-device-1</name><memory unit="MiB">2048</memory><vcpu>2</vcpu>
<os><type machine="q35">hvm</type><boot dev="hd"/><boot dev="cdrom"/></os>
<features><pae/><acpi/></features><cpu mode="maximum"/>
<devices>
<disk type="volume" device="disk"><driver name="qemu" type="qcow2"/><source pool="edge-lab" volume="v"/><target dev="vda" bus="virtio"/><wwn>05</wwn></disk>
<disk type="file" device="cdrom"><driver name="qemu" type="raw"/><source file="/lab/iso/edge-primary.iso"/><target dev="hda" bus="ide"/><readonly/></disk>
<interface type="bridge"><mac address="52:54:00:A8:4C:0B"/><source bridge="edgelab0"/><model type="virtio"/></interface>
<console type="pty"><target type="serial" port="0"/></console>
<channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>
<graphics type="spice" autoport="yes"/><video><model type="cirrus"/></video><rng model="virtio"><backend model="random">/dev/urandom</backend></rng>
</devices></domain>`;

interface Domain {
  readonly features: Record<string, unknown>;
  readonly cpu: {
    readonly mode: string;
    readonly feature?: { readonly name: string; readonly policy: string }[];
  };
  readonly devices: Record<string, Record<string, unknown>[]>;
}

function transform(a: DomainXsltArgs, xml = DOMAIN): Domain {
  const dir = new TempDir();
  try {
    writeFileSync(join(dir.path, "x.xslt"), domainXslt(a));
    const result = spawnSync("xsltproc", ["--nonet", join(dir.path, "x.xslt"), "-"], {
      encoding: "utf8",
      input: xml,
    });
    assert.equal(`${result.status} ${result.stderr}`, "0 ", result.stdout);
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: "",
      parseAttributeValue: false,
      trimValues: false,
      htmlEntities: true,
      isArray: (_name, path) => /^domain\.(devices\.\w+|cpu\.feature)$/.test(String(path)),
    });
    return (parser.parse(result.stdout) as { domain: Domain }).domain;
  } finally {
    dir.remove();
  }
}

describe("domainXslt", () => {
  it("gives an emulated domain a CPU without what is broken or slow there, and a large translation cache", () => {
    const { cpu, features } = transform(args);
    assert.equal(cpu.mode, "maximum");
    assert.deepEqual(
      cpu.feature?.map((f) => `${f.policy} ${f.name}`),
      ["disable cx16", "disable la57", "disable erms", "disable smap"],
    );
    assert.ok("tcg" in features);
    assert.ok("acpi" in features);
  });

  it("gives a domain under KVM the host's CPU", () => {
    const { cpu, features } = transform({ ...args, accelerator: "kvm" });
    assert.deepEqual(cpu, { mode: "host-passthrough", check: "none" });
    assert.ok(!("tcg" in features));
  });

  it("has the disk as a file that survives a guest's power cut, and the ISO on SATA", () => {
    const disks = transform(args).devices["disk"] as unknown as Record<string, Record<string, string>>[];
    assert.deepEqual(
      disks.map((d) => [
        d["device"],
        d["type"],
        d["source"]?.["file"],
        d["target"]?.["dev"],
        d["target"]?.["bus"],
      ]),
      [
        ["disk", "file", args.diskPath, "vda", "virtio"],
        ["cdrom", "file", "/lab/iso/edge-primary.iso", "sda", "sata"],
      ],
    );
    assert.equal(disks[0]?.["driver"]?.["cache"], "unsafe");
    assert.equal(disks[0]["driver"]["type"], "qcow2");
  });

  it("keeps the console in a file, and has a watchdog", () => {
    const { devices } = transform(args);
    const serial = devices["serial"] as unknown as { type: string; log: { file: string; append: string } }[];
    assert.equal(serial.length, 1);
    assert.deepEqual(serial[0]?.log, { file: args.consoleLog, append: "on" });
    assert.equal(devices["watchdog"]?.[0]?.["action"], "reset");
  });

  it("has no graphics, guest agent channel or memory balloon, and keeps all else", () => {
    const { devices } = transform(args);
    for (const gone of ["graphics", "video", "channel", "console"])
      assert.equal(devices[gone], undefined, gone);
    assert.equal(devices["memballoon"]?.[0]?.["model"], "none");
    assert.equal(devices["interface"]?.length, 1);
    assert.equal(devices["rng"]?.length, 1);
  });

  it("carries any path", () => {
    for (const path of [`/a b/"x"/{id()}/<&>'`, "/{{x}}/%20/ü/$(id)", "/plain"]) {
      const { devices } = transform({ ...args, diskPath: path, consoleLog: path });
      const disks = devices["disk"] as unknown as { source: { file: string } }[];
      const serial = devices["serial"] as unknown as { log: { file: string } }[];
      assert.equal(disks[0]?.source.file, path);
      assert.equal(serial[0]?.log.file, path);
    }
  });

  it("never lets a path out of its attribute", () => {
    const parser = new XMLParser({ ignoreAttributes: false, preserveOrder: true });
    const outline = (node: unknown): unknown =>
      Array.isArray(node)
        ? node.map(outline)
        : typeof node === "object" && node !== null
          ? Object.entries(node).map(([key, value]) =>
              key === ":@" ? Object.keys(value as object) : [key, outline(value)],
            )
          : "";
    const whole = JSON.stringify(outline(parser.parse(domainXslt(args))));
    fc.assert(
      fc.property(fc.string(), (text) => {
        const xslt = domainXslt({ ...args, diskPath: `/${text}`, consoleLog: `/${text}` });
        assert.equal(JSON.stringify(outline(parser.parse(xslt))), whole);
      }),
    );
  });
});
