import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Preflight } from "../../support/preflight";
import { skipBecause } from "../../support/skip";
import { TempDir } from "../../support/tempProject";

describe("preflight", () => {
  let preflight: Preflight;
  beforeEach(() => {
    preflight = new Preflight();
  });
  afterEach(() => preflight.remove());

  describe("check_platform", () => {
    it("takes a Debian host of the right architecture", () => {
      preflight.standIn("uname", "echo x86_64");
      preflight.standIn("apt-get", ":");
      preflight.good("check_platform");
    });

    it("names another architecture", () => {
      preflight.standIn("uname", "echo aarch64");
      preflight.standIn("apt-get", ":");
      preflight.bad("check_platform", /this machine is aarch64/, /x86_64/);
    });

    it("names a host without apt-get", () => {
      symlinkSync("/usr/bin/bash", join(preflight.path, "bin/bash"));
      preflight.standIn("uname", "echo x86_64");
      preflight.bad("check_platform", /no apt-get/, /Debian or Ubuntu/, {
        env: { PATH: join(preflight.path, "bin") },
      });
    });
  });

  describe("check_memory and check_disk", () => {
    it("take what is there", () => {
      preflight.good('check_memory 1; check_disk 0 "$STATE_DIR" stateDir');
    });

    it("name how much is there and how much is needed", () => {
      preflight.bad(
        "check_memory 99999999",
        /^\d+ MiB of memory are free and .* need 99999999$/,
        /memoryMiB/,
      );
      preflight.bad(
        'check_disk 99999 "$STATE_DIR" stateDir',
        /^\d+ GiB are free for stateDir .*needs 99999$/,
        /free some space/,
      );
    });

    it("measure a folder that is not there yet by the nearest that is, blanks and all", () => {
      preflight.standIn("df", 'printf "Avail\\n%s\\n" $((5 << 20)); echo "${@: -1}" >&2');
      const { stderr, status } = preflight.check(`check_disk 5 "${preflight.path}/a b/c/d" x`);
      assert.equal(`${status} ${stderr}`, `0 ${preflight.path}\n`);
      preflight.bad('check_disk 6 "$STATE_DIR" stateDir 2>/dev/null', /^5 GiB are free/, /free/);
    });
  });

  describe("check_domains", () => {
    it("is content where libvirt is not there or does not answer", () => {
      preflight.standIn("virsh", "exit 1");
      preflight.good("check_domains edge-device-1");
    });

    it("takes a domain of this lab, and names another's", () => {
      preflight.standIn(
        "virsh",
        `case "$*" in *version) ;; *device-1) echo "<source file='$STATE_DIR/pool/x'/>" ;; *device-2) echo "<source file='/else'/>" ;; *) exit 1 ;; esac`,
      );
      preflight.good("check_domains edge-device-1 edge-device-3");
      preflight.bad(
        "check_domains edge-device-1 edge-device-2",
        /a domain edge-device-2 that is not this lab's/,
        /rename the device/,
      );
    });
  });

  describe("check_packages", () => {
    const depsolve = (body: string): void => preflight.program("assets/builders/debian/depsolve", body);

    it("hands the builder the packages and the cache, whatever that is called", () => {
      depsolve("cat >asked");
      preflight.good(`check_packages debian '{"packages":[{"name":"jq"}]}'`, {
        env: { CACHE_DIR: '/a "b"\\c' },
      });
      assert.deepEqual(JSON.parse(readFileSync(join(preflight.path, "asked"), "utf8")), {
        cacheDir: '/a "b"\\c',
        packages: [{ name: "jq" }],
      });
    });

    it("passes on what the builder says", () => {
      depsolve("echo noise; echo 'error: packages: Debian has no strce: correct the name' >&2; exit 1");
      preflight.bad(
        "check_packages debian '{}'",
        /cannot be composed: packages: Debian has no strce/,
        /blueprint or releases/,
      );
    });
  });

  it("lists everything at once, and says that nothing was changed", () => {
    preflight.standIn("uname", "echo riscv64");
    preflight.standIn("ip", "echo 192.168.76.0/24 dev br0");
    const { status, stderr, problems } = preflight.check(
      "check_platform; check_memory 99999999; check_subnet 192.168.76.0/24 edgelab0; check_disk 99999 / stateDir",
    );
    assert.equal(status, 1);
    assert.match(stderr, /^error: this host is not ready, and nothing on it was changed; 4 to mend:\n/);
    assert.equal(problems.length, 4);
    for (const problem of problems) assert.match(problem, /.+; fix: .+/);
  });

  describe("edge-host.sh apply", () => {
    let project: TempDir;
    before(function () {
      if (process.getuid?.() !== 0) skipBecause(this, "the host's script needs root");
    });
    beforeEach(() => {
      project = new TempDir().copy("assets/host");
      for (const name of [
        "apt-get",
        "dpkg",
        "systemctl",
        "libvirtd",
        "virtlogd",
        "chmod",
        "chgrp",
        "setfacl",
      ]) {
        preflight.standIn(name, `echo ${name} >>"${preflight.path}/changed"`);
      }
    });
    afterEach(() => project.remove());

    const apply = (path: string, change: Record<string, string> = {}): SpawnSyncReturns<string> =>
      spawnSync(join(project.path, "assets/host/edge-host.sh"), ["apply"], {
        encoding: "utf8",
        input: '{"packages":[]}',
        env: {
          PATH: path,
          EDGE_STATE_DIR: join(preflight.path, "state"),
          EDGE_LAB_CACHE: join(preflight.path, "cache"),
          EDGE_LIBVIRT_URI: "qemu:///system",
          EDGE_BUILDER: "debian",
          EDGE_CIDR: "127.0.0.0/8",
          EDGE_GATEWAY: "127.0.0.1",
          EDGE_BRIDGE: "edgelab0",
          EDGE_NETWORK: "edge-lab",
          EDGE_PORTS: "8000 5000",
          EDGE_MEMORY_MIB: "99999999",
          EDGE_DISK_GIB: "99999",
          EDGE_DOMAINS: "edge-lab-test-none",
          ...change,
        },
      });

    it("ends before anything on the host is changed", () => {
      const result = apply(`${preflight.path}/bin:${process.env["PATH"] ?? ""}`);
      assert.equal(result.status, 1, result.stderr);
      assert.equal(result.stdout, "");
      for (const what of [/MiB of memory are free/, /GiB are free for stateDir/, /cannot be composed/]) {
        assert.match(result.stderr, what);
      }
      assert.equal(result.stderr.split("\n").filter((line) => line.startsWith("error:")).length, 1);
      for (const name of ["changed", "state", "cache"])
        assert.ok(!existsSync(join(preflight.path, name)), name);
    });

    it("looks at the network once what shows it is installed, where the host has nothing for it yet", () => {
      const bin = `${preflight.path}/bin`;
      for (const directory of ["/usr/bin", "/usr/sbin", "/bin"]) {
        for (const name of readdirSync(directory)) {
          const link = join(bin, name);
          if (!["ip", "ss"].includes(name) && !existsSync(link)) symlinkSync(join(directory, name), link);
        }
      }
      const program = (path: string, text: string): void => {
        mkdirSync(join(project.path, path, ".."), { recursive: true });
        writeFileSync(join(project.path, path), `#!/bin/sh\n${text}`, { mode: 0o755 });
      };
      preflight.standIn("virsh", "exit 1");
      program("assets/builders/debian/depsolve", "");
      program(
        "assets/host/packages.sh",
        `echo installed >>"${preflight.path}/changed"
printf '#!/bin/sh\\necho 192.168.76.0/24 dev br0\\n' >"${bin}/ip"
printf '#!/bin/sh\\necho LISTEN 0 1 0.0.0.0:8000 0.0.0.0:*\\n' >"${bin}/ss"
/bin/chmod 755 "${bin}/ip" "${bin}/ss"
`,
      );
      const result = apply(bin, {
        EDGE_CIDR: "192.168.76.0/24",
        EDGE_GATEWAY: "192.168.76.1",
        EDGE_MEMORY_MIB: "1",
        EDGE_DISK_GIB: "0",
      });
      assert.equal(result.status, 1, result.stderr);
      assert.match(result.stderr, /preflight: the network is looked at once ip and ss are installed/);
      assert.match(result.stderr, /not ready, and nothing on it was changed but for packages; 3 to mend/);
      assert.match(
        result.stderr,
        /network\.cidr 192\.168\.76\.0\/24 overlaps 192\.168\.76\.0\/24, which br0 uses/,
      );
      assert.match(result.stderr, /port 8000 of the lab's bridge is taken/);
      assert.equal(readFileSync(join(preflight.path, "changed"), "utf8"), "installed\n");
    });
  });
});
