import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";
import { heals, scriptObject, type Drifting } from "../support/drift";
import type { Outcome } from "../support/sandbox";

const LIBRARIES =
  "paths log wait result drift libvirtd nat host-state distribution subscription osbuild-host host-drift";

describe("drift of the host", () => {
  let host: HostScripts;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new HostScripts();
  });
  afterEach(() => host.remove());

  /** One part of edge-host.sh: its findings, and its repair in apply. */
  const part = (status: string, apply: string, env: Record<string, string> = {}): Drifting => {
    const run = (text: string): Outcome =>
      host.bash(LIBRARIES.split(" "), text, { EDGE_LIBVIRT_URI: "test:///default", ...env });
    return {
      stateDir: host.stateDir,
      status: () => run(`${status} || :; status_result`),
      apply: () => {
        const { status: code, stderr } = run(apply);
        assert.equal(code, 0, stderr);
      },
    };
  };

  it("libvirt that does not answer is named within seconds, also where it hangs", () => {
    const answering = part("libvirtd_drift", "rm -f state");
    for (const body of ["exit 1", "sleep 100"]) {
      host.program("bin/virsh", `[[ ! -e state ]] || { ${body}; }`);
      const start = Date.now();
      heals(answering, /libvirtd does not answer/, () => writeFileSync(join(host.path, "state"), ""));
      assert.ok(Date.now() - start < 10_000);
    }
  });

  describe("packages.sh", () => {
    beforeEach(() => {
      writeFileSync(
        join(host.path, "assets/host/packages.txt"),
        "# packages\nbash bash\nedge-tool edge-tool other-tool\nno-command\n",
      );
      mkdirSync(join(host.path, "assets/builders/debian"), { recursive: true });
      writeFileSync(join(host.path, "assets/builders/debian/host-packages.txt"), "# packages\n");
      // The package is installed; apt-get restores its command.
      host.program("bin/dpkg-query", `printf 'ii bash\\nii edge-tool\\nii no-command\\n'`);
      host.program(
        "bin/apt-get",
        `echo "$*" >>apt; [[ "$*" != *reinstall*edge-tool* ]] || { touch bin/edge-tool bin/other-tool; chmod +x bin/*-tool; }`,
      );
      for (const name of ["edge-tool", "other-tool"]) host.program(`bin/${name}`, ":");
    });

    it("names commands that are gone, and installs their package anew", () => {
      const env = { EDGE_BUILDER: "debian" };
      const packages = scriptObject(host, "packages.sh", env);
      heals(packages, /^other-tool is missing on this host \(package edge-tool\)$/, () =>
        rmSync(join(host.path, "bin/other-tool")),
      );
      assert.match(host.read("apt"), /install --reinstall edge-tool\n/);
      assert.ok(!host.state().includes("apt"));
    });

    it("installs what only scenarios need when it is asked for it, and nothing else", () => {
      writeFileSync(join(host.path, "assets/host/extra-packages.txt"), "# packages\nonly-scenario\n");
      const { status, stdout, stderr } = host.run("packages.sh", "extra", { EDGE_BUILDER: "debian" });
      assert.equal(status, 0, stderr);
      assert.equal(stdout, '{"packages":1,"missing":1}\n');
      assert.match(host.read("apt"), / install only-scenario\n$/);
      assert.doesNotMatch(host.read("apt"), /edge-tool|no-command/);
    });
  });

  it("a way to the disks that was closed again is opened again", function () {
    host.program("bin/getent", '[[ $* == "passwd libvirt-qemu" ]]');
    // A user that every system has replaces libvirt's.
    const users = "path_users() { echo nobody; };";
    const path = part(`${users} path_drift`, `${users} open_path`);
    chmodSync(host.stateDir, 0o700);
    path.apply();
    heals(path, /nobody may not pass through/, () => {
      assert.equal(host.bash([], 'setfacl -b "$EDGE_STATE_DIR"').status, 0);
      chmodSync(host.stateDir, 0o700);
    });
  });

  it("a /dev/kvm that libvirt's user cannot open is named", () => {
    // The device belongs to the host, so a file holds its mode.
    const stand = `stat() { case $2 in %a) cat mode ;; %G) echo kvm ;; *) echo "$(cat mode), group kvm" ;; esac; }; chgrp() { :; }; chmod() { echo "$1" >mode; };
kvm_mode_right() { local mode; mode=$(stat -c %a /dev/kvm); (((8#$mode & 8#060) == 8#060)); };`;
    writeFileSync(join(host.path, "mode"), "660\n");
    const kvm = part(`${stand} kvm_drift`, `${stand} mend_kvm_mode`);
    heals(kvm, /\/dev\/kvm has mode 600/, () => writeFileSync(join(host.path, "mode"), "600\n"));
  });

  it("notes of what destroy puts back, and the mark that it was made ready, are missed", () => {
    mkdirSync(join(host.stateDir, "host"));
    const write = `mkdir -p "$NOTED"; printf '1\\nip-forward\\nacl\\n' >"$NOTED/applied"; : >"$NOTED/ip-forward"; : >"$NOTED/acl"`;
    const notes = part("notes_drift", write);
    notes.apply();
    heals(notes, /host\/acl is gone/, () => rmSync(join(host.stateDir, "host/acl")));
    heals(notes, /never made ready/, () => rmSync(join(host.stateDir, "host"), { recursive: true }));
  });

  describe("builder osbuild", () => {
    it("units that were stopped, ports that were closed and a registration that ended are named", () => {
      host.program("bin/systemctl", '[[ ! -e "stopped-${!#}" ]]');
      const zones = join(host.path, "zones");
      mkdirSync(zones);
      mkdirSync(join(host.stateDir, "host"));
      writeFileSync(join(host.stateDir, "host/osbuild"), "unit cockpit.socket\nport public 8000/tcp\n");
      writeFileSync(join(host.stateDir, "host/registered"), "1\n");
      const apply =
        'echo \'<port port="8000" protocol="tcp"/>\' >zones/public.xml; rm -f stopped-*; : >certificate';
      const osbuild = part("osbuild_drift", apply, {
        EDGE_FIREWALLD_DIR: host.path,
        EDGE_CONSUMER_CERTIFICATE: join(host.path, "certificate"),
      });
      osbuild.apply();
      heals(osbuild, /osbuild-composer\.socket is not active/, () =>
        writeFileSync(join(host.path, "stopped-osbuild-composer.socket"), ""),
      );
      heals(osbuild, /port 8000\/tcp is closed/, () => writeFileSync(join(zones, "public.xml"), "<zone/>\n"));
      heals(osbuild, /not registered/, () => rmSync(join(host.path, "certificate")));
    });
  });
});
