import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";
import { driftOf, heals, listing, type Drifting } from "../support/drift";
import { GATEWAY, needs, Sandbox, type Outcome } from "../support/sandbox";

const LIBRARIES =
  "paths log wait result drift libvirtd host-state distribution subscription osbuild-host host-drift";
const CIDR = "10.213.250.0/24";

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
      const packages: Drifting = {
        stateDir: host.stateDir,
        status: () => host.run("packages.sh", "status", env),
        apply: () => void host.answer("packages.sh", "apply", env),
      };
      heals(packages, /^other-tool is missing on this host \(package edge-tool\)$/, () =>
        rmSync(join(host.path, "bin/other-tool")),
      );
      assert.match(host.read("apt"), /install --reinstall edge-tool\n/);
      assert.ok(!host.state().includes("apt"));
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

describe("drift of the network behind the host", () => {
  let box: Sandbox;
  before(function () {
    needs(this, "iptables", "iptables-save", "nft");
    box = new Sandbox();
    box.ok(["ip", "link", "add", "edgelab9", "type", "bridge"]);
  });
  after(() => {
    box.remove();
  });

  /** Like libvirt 9: sets chains and jumps at its start, the rules in them also on reload. */
  const RULES = `libvirtd_reload() {
  for chain in INP OUT FWI FWO FWX; do iptables -F LIBVIRT_$chain 2>/dev/null || return 0; done
  iptables -t nat -F LIBVIRT_PRT 2>/dev/null || return 0
  iptables -A LIBVIRT_FWO -s ${CIDR} -i edgelab9 -j ACCEPT
  iptables -A LIBVIRT_FWI -d ${CIDR} -o edgelab9 -j ACCEPT
  iptables -t nat -A LIBVIRT_PRT -s ${CIDR} ! -d ${CIDR} -j MASQUERADE
}
libvirtd_restart() {
  for chain in INP OUT FWI FWO FWX; do iptables -N LIBVIRT_$chain 2>/dev/null || :; done
  iptables -t nat -N LIBVIRT_PRT 2>/dev/null || :
  for each in INPUT:INP OUTPUT:OUT FORWARD:FWI FORWARD:FWO; do
    iptables -C "\${each%:*}" -j "LIBVIRT_\${each#*:}" 2>/dev/null || iptables -A "\${each%:*}" -j "LIBVIRT_\${each#*:}"
  done
  iptables -t nat -C POSTROUTING -j LIBVIRT_PRT 2>/dev/null || iptables -t nat -A POSTROUTING -j LIBVIRT_PRT
  libvirtd_reload
}`;
  const run = (text: string): Outcome =>
    box.run(
      [
        "bash",
        "-c",
        `set -euo pipefail; for part in ${LIBRARIES}; do . assets/host/lib/$part.sh; done\n${RULES}\n${text}`,
      ],
      {
        EDGE_CIDR: CIDR,
        EDGE_BRIDGE: "edgelab9",
        EDGE_GATEWAY: GATEWAY,
        EDGE_LIBVIRT_URI: "test:///default",
      },
    );
  const nat: Drifting = {
    get stateDir() {
      return box.stateDir;
    },
    status: () => run("nat_drift; status_result"),
    apply: () => {
      const { status, stderr } = run("nat_mend");
      assert.equal(status, 0, stderr);
    },
  };

  const rows: Record<string, [RegExp, string]> = {
    "forwarding is put back": [/forwards no packets/, "echo 0 >/proc/sys/net/ipv4/ip_forward"],
    "the table nat is flushed": [/firewall rules/, "iptables -t nat -F"],
    "a jump to libvirt's rules is removed": [/firewall rules/, "iptables -D FORWARD -j LIBVIRT_FWO"],
    "one of libvirt's rules is removed": [/firewall rules/, "iptables -F LIBVIRT_FWI"],
    "all rules are flushed": [/firewall rules/, "nft flush ruleset"],
  };
  for (const [what, [found, breakIt]] of Object.entries(rows)) {
    it(what, () => {
      nat.apply();
      heals(nat, found, () => void box.ok(["bash", "-c", breakIt]));
    });
  }

  it("libvirt's table of its own counts as well", () => {
    nat.apply();
    box.ok(["nft", "flush", "ruleset"]);
    box.ok([
      "nft",
      `add table ip libvirt_network; add chain ip libvirt_network x; add rule ip libvirt_network x ip saddr ${CIDR} accept`,
    ]);
    assert.deepEqual(driftOf(nat.status()), []);
    box.ok(["nft", "flush", "ruleset"]);
  });

  it("a bridge that is down is the network's own drift", () => {
    const before = listing(box.stateDir);
    box.ok(["ip", "link", "del", "edgelab9"]);
    assert.deepEqual(driftOf(nat.status()), []);
    assert.deepEqual(listing(box.stateDir), before);
  });
});
