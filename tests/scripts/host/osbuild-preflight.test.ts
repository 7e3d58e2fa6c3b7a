import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { DnfHost, EXPIRED, KEY, SUBSCRIPTION } from "../../support/osbuild/dnfHost";
import { skipBecause } from "../../support/skip";

describe("preflight of a host for the osbuild backend", () => {
  let host: DnfHost;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new DnfHost();
  });
  afterEach(() => host.remove());

  const LIBRARIES = ["preflight", "subscription", "preflight-osbuild"];
  const check = (text: string): string[] => {
    const { stderr, status: code } = host.with(LIBRARIES, `${text}\nreport_problems`);
    const found = stderr.split("\n").flatMap((line) => /^ {2}- (.*)$/.exec(line)?.[1] ?? []);
    assert.equal(code, found.length === 0 ? 0 : 1, stderr);
    for (const problem of found) assert.match(problem, /; fix: ./);
    return found;
  };
  beforeEach(() => host.program("bin/dnf", ":"));

  it("takes a host of the stack's distribution, and names another", () => {
    assert.deepEqual(check("check_platform_osbuild rhel-9"), []);
    host.osRelease("fedora", "41");
    assert.match(
      check("check_platform_osbuild fedora-42").join(),
      /this host is fedora-41 and the stack is for fedora-42/,
    );
  });

  it("names a boot ISO that is not there, or empty", () => {
    writeFileSync(join(host.path, "empty.iso"), "");
    for (const path of ["/nowhere.iso", "empty.iso"]) {
      assert.match(check(`check_boot_iso '${path}'`).join(), /bootIso .* cannot be read/);
    }
  });

  it("names a host that is not registered where the stack has no subscription either", () => {
    host.program("bin/subscription-manager", "exit 1");
    assert.match(check("check_subscription no").join(), /not registered; fix: .*edge-lab:subscription/);
    assert.deepEqual(check("check_subscription yes"), []);
  });

  it("names an expired subscription", () => {
    writeFileSync(join(host.path, "status"), EXPIRED);
    host.program("bin/subscription-manager", "[[ $1 != status ]] || { cat status; exit 1; }");
    assert.match(check("check_subscription no").join(), /Invalid .*expired/);
  });

  it("takes libvirt's word on the host; without KVM it only says what follows", () => {
    // virt-host-validate's own lines (libvirt, tools/virt-host-validate-common.c).
    const say = (text: string, mark: string): string => `  QEMU: ${text.padEnd(60)}: ${mark}`;
    const lines = [
      say(
        "Checking for hardware virtualization",
        "FAIL (Host not compatible with KVM; HW virtualization CPU features not found.)",
      ),
      say(
        "Checking if device /dev/kvm exists",
        "FAIL (Check that the 'kvm-intel' or 'kvm-amd' modules are loaded)",
      ),
      say("Checking for cgroup 'memory' controller support", "PASS"),
      say("Checking for device assignment IOMMU support", "WARN (No ACPI DMAR table found)"),
    ];
    writeFileSync(join(host.path, "said"), `${lines.join("\n")}\n`);
    host.program("bin/virt-host-validate", "cat said; exit 1");
    assert.deepEqual(check("check_virtualization"), []);
    writeFileSync(
      join(host.path, "said"),
      say("Checking for cgroup 'cpu' controller support", "FAIL (Enable 'cpu' in kernel)\n"),
    );
    assert.match(check("check_virtualization").join(), /cgroup 'cpu' controller support .*Enable 'cpu'/);
  });

  it("of the whole script lists all, changes nothing, and gives the builder no secret", () => {
    host.osRelease("debian", "12");
    host.program("assets/builders/osbuild/depsolve", "cat >depsolve.json\necho '{\"packages\":1}'");
    const stdin = `{"distribution":"rhel-9","packages":[{"name":"podman","version":"*"}],"subscription":${SUBSCRIPTION}}`;
    const { status: code, stderr } = host.run(
      "edge-host.sh",
      "apply",
      {
        ...host.env(),
        EDGE_BUILDER: "osbuild",
        EDGE_DISTRIBUTION: "rhel-9",
        EDGE_BOOT_ISO: "/nowhere.iso",
        EDGE_CIDR: "198.51.100.0/24",
        EDGE_GATEWAY: "198.51.100.1",
        EDGE_BRIDGE: "edgetest0",
        EDGE_NETWORK: "edge-lab",
        EDGE_PORTS: "8000 5000",
        EDGE_MEMORY_MIB: "1",
        EDGE_DISK_GIB: "0",
        EDGE_DOMAINS: "none",
      },
      stdin,
    );
    assert.equal(code, 1);
    assert.match(stderr, /nothing on it was changed/);
    assert.match(stderr, /this host is debian-12 and the stack is for rhel-9/);
    assert.match(stderr, /bootIso \/nowhere\.iso cannot be read/);
    const { cacheDir: _, ...asked } = host.asked("depsolve");
    assert.deepEqual(asked, { distribution: "rhel-9", packages: [{ name: "podman", version: "*" }] });
    assert.ok(!stderr.includes(KEY));
    assert.deepEqual(host.state(), []);
  });
});
