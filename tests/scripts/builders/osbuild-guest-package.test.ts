import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { XMLParser, XMLValidator } from "fast-xml-parser";

import { GuestPackage } from "../../support/osbuild/guestPackage";

const SYSTEM = "usr/lib/systemd/system";
const USER = "usr/lib/systemd/user";

describe("guests of the osbuild backend: the package", () => {
  let made: GuestPackage;
  before(() => {
    made = new GuestPackage();
  });
  after(() => made.remove());

  describe("its contents", () => {
    it("requires what a device runs: greenboot, rpm-ostree, keepalived, podman, firewalld", () => {
      const requires = made.query("--requires");
      for (const name of ["greenboot", "rpm-ostree", "keepalived", "podman", "firewalld", "jq", "curl"]) {
        assert.ok(requires.includes(name), name);
      }
    });

    it("says its release's version, as name, and as a file that devices report", () => {
      assert.deepEqual(made.query("--queryformat", "%{NVRA}"), ["edge-lab-guest-0.0.7-1.abc.noarch"]);
      assert.equal(readFileSync(join(made.tree, "usr/lib/edge/release"), "utf8"), "0.0.7\n");
    });

    it("has the lab's public key where libostree looks for trusted ones", () => {
      const key = join(made.tree, "usr/share/ostree/trusted.gpg.d/edge.gpg");
      assert.equal(readFileSync(key, "utf8"), "the lab's key");
    });

    it("has files that no other package of those distributions has", () => {
      const foreign =
        /^\/(etc\/(rpm-ostreed\.conf|nftables|ssh\/(?!sshd_config\.d\/45-edge-lab\.conf$)|apt)|etc\/keepalived\/|usr\/libexec\/greenboot\/|etc\/greenboot\/greenboot\.conf|usr\/lib\/systemd\/(network|resolved|system-generators))/;
      const files = made.query("-l");
      assert.ok(files.length > 40);
      assert.deepEqual(
        files.filter((file) => foreign.test(file)),
        [],
      );
    });

    it("leaves to a device what lies below /etc, and owns all as root", () => {
      const etc = made.query("-l").filter((file) => file.startsWith("/etc/"));
      assert.deepEqual(made.query("-c").sort(), etc.sort());
      for (const line of made.query("--queryformat", "[%{FILEUSERNAME} %{FILEGROUPNAME}\\n]")) {
        assert.equal(line, "root root");
      }
    });

    it("runs greenboot's checks and nothing of Debian's", () => {
      const files = made.query("-l").join("\n");
      assert.match(files, /\/usr\/lib\/greenboot\/check\/required\.d\/10_services\.sh/);
      assert.match(files, /\/etc\/containers\/systemd\/users\/1000\/container-httpd\.container/);
      assert.ok(
        !/greenboot-.*\.service$|redboot[^/\n]*$|grub-gen|edge-ssh-keygen|edge-update\.timer/m.test(files),
      );
    });

    it("has every program so that it can be run", () => {
      const files = readdirSync(made.tree, { recursive: true, withFileTypes: true }).filter((e) =>
        e.isFile(),
      );
      const programs = files
        .map((e) => join(e.parentPath, e.name))
        .filter((path) => readFileSync(path, "utf8").startsWith("#!"));
      assert.ok(programs.length > 15);
      for (const path of programs) assert.equal(statSync(path).mode & 0o777, 0o755, path);
    });

    it("has what keepalived calls where SELinux lets it run", () => {
      for (const name of ["vip-check", "vip-notify"]) {
        assert.ok(statSync(join(made.tree, "usr/libexec/keepalived", name)).mode & 0o111);
        assert.ok(!existsSync(join(made.tree, "usr/libexec/edge", name)));
      }
    });

    it("enables its units and stages updates when it is installed", () => {
      const text = made.query("--scripts").join("\n");
      const units = /preset (.*) >\/dev\/null/.exec(text)?.[1]?.split(" ") ?? [];
      for (const unit of ["edge-provision.service", "rpm-ostreed-automatic.timer", "applyupdate.timer"]) {
        assert.ok(units.includes(unit), unit);
      }
      assert.ok(
        units.every((unit) => /^[a-z@-]+\.(service|timer|path|target|socket)$/.test(unit)),
        units.join(),
      );
      const { status, stderr } = spawnSync("bash", ["-n"], {
        input: text.replace(/^.*scriptlet.*$/gm, ""),
        encoding: "utf8",
      });
      assert.equal(status, 0, stderr);
    });

    it("edits the update policy into rpm-ostree's file, whatever stands there", () => {
      const script = /^if grep[^]*?^fi$/m.exec(made.query("--scripts").join("\n"))?.[0] ?? "";
      const dir = mkdtempSync(join(tmpdir(), "edge-policy-"));
      for (const before of [
        "[Daemon]\n#AutomaticUpdatePolicy=none\n#IdleExitTimeout=60\n",
        "# empty\n",
        "[Daemon]\nAutomaticUpdatePolicy=check\n",
      ]) {
        spawnSync("bash", ["-c", `cat >conf; ${script.replaceAll("/etc/rpm-ostreed.conf", "conf")}`], {
          cwd: dir,
          input: before,
        });
        const text = readFileSync(join(dir, "conf"), "utf8");
        assert.equal(text.match(/^AutomaticUpdatePolicy=stage$/gm)?.length, 1, text);
        assert.equal(text.match(/^\[Daemon\]$/gm)?.length, 1, text);
      }
      rmSync(dir, { recursive: true });
    });

    it("opens the firewall for VRRP and the app, in a service that firewalld can read", () => {
      const text = readFileSync(join(made.tree, "usr/lib/firewalld/services/edge-lab.xml"), "utf8");
      assert.equal(XMLValidator.validate(text), true);
      const { service } = new XMLParser({ ignoreAttributes: false }).parse(text) as {
        service: { protocol: object; port: object };
      };
      assert.deepEqual(service.protocol, { "@_value": "vrrp" });
      assert.deepEqual(service.port, { "@_protocol": "tcp", "@_port": "8080" });
    });
  });

  describe("systemd accepts", () => {
    // Left out: programs that the package itself brings, and the unit that quadlet generates on the device.
    const verify = (folder: string, unit: string, scope: string): string[] => {
      const runtime = mkdtempSync(join(tmpdir(), "edge-units-"));
      const { stdout, stderr } = spawnSync("systemd-analyze", [scope, "verify", "--man=no", unit], {
        encoding: "utf8",
        env: { ...process.env, SYSTEMD_UNIT_PATH: `${join(made.tree, folder)}:`, XDG_RUNTIME_DIR: runtime },
      });
      rmSync(runtime, { recursive: true });
      return `${stdout}${stderr}`.split("\n").filter((line) => {
        const program = /Command (\S+) is not executable: No such file/.exec(line)?.[1];
        const ours = program !== undefined && existsSync(made.tree + program);
        return line !== "" && !ours && !line.endsWith("Unit container-httpd.service not found.");
      });
    };
    for (const [folder, scope] of [
      [SYSTEM, "--system"],
      [USER, "--user"],
    ] as const) {
      it(`the units of ${folder}`, () => {
        const names = readdirSync(join(made.tree, folder)).filter((n) =>
          /\.(service|socket|timer|path)$/.test(n),
        );
        assert.ok(names.length > 1);
        for (const name of names)
          assert.deepEqual(verify(folder, name.replace("@.", "@x."), scope), [], name);
      });
    }

    it("the drop-ins, on units as the distribution has them", () => {
      const units: Record<string, string> = {
        "rpm-ostreed-automatic.service":
          "[Unit]\nConditionPathExists=/run/ostree-booted\n[Service]\nType=simple\nExecStart=/usr/bin/true\n",
        "rpm-ostreed-automatic.timer":
          "[Timer]\nOnBootSec=1h\nOnUnitInactiveSec=1d\nPersistent=yes\n[Install]\nWantedBy=timers.target\n",
        "keepalived.service":
          "[Service]\nType=forking\nPIDFile=/run/keepalived.pid\nEnvironmentFile=-/etc/sysconfig/keepalived\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n",
        "greenboot-healthcheck.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/true\n",
      };
      for (const [name, text] of Object.entries(units)) {
        assert.ok(existsSync(join(made.tree, SYSTEM, `${name}.d`)), name);
        spawnSync("bash", ["-c", `cat >'${join(made.tree, SYSTEM, name)}'`], { input: text });
        const said = verify(SYSTEM, name, "--system").filter(
          (line) => !line.includes("keepalived is not executable"),
        );
        assert.deepEqual(said, [], name);
        rmSync(join(made.tree, SYSTEM, name));
      }
    });
  });
});
