import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { XMLParser, XMLValidator } from "fast-xml-parser";

import { GuestPackage } from "../support/osbuild/guestPackage";
import { FakeDepot } from "./support/fakeDepot";
import { Guest, V1, V2 } from "./support/guest";

const REF = "rhel/9/x86_64/edge";
const SYSTEM = "usr/lib/systemd/system";
const USER = "usr/lib/systemd/user";

describe("guests of the osbuild backend", () => {
  let made: GuestPackage;
  before(() => {
    made = new GuestPackage();
  });
  after(() => made.remove());

  describe("the package", () => {
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

    it("has files that no other package of those distributions has", () => {
      const foreign =
        /^\/(etc\/(rpm-ostreed\.conf|nftables|ssh\/|apt)|etc\/keepalived\/|usr\/libexec\/greenboot\/|etc\/greenboot\/greenboot\.conf|usr\/lib\/systemd\/(network|resolved|system-generators))/;
      const files = made.query("-l");
      assert.ok(files.length > 40);
      assert.deepEqual(files.filter((file) => foreign.test(file)), []);
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
      assert.ok(!/greenboot-.*\.service$|redboot|grub-gen|edge-ssh-keygen|edge-update\.timer/m.test(files));
    });

    it("has every program so that it can be run", () => {
      const files = readdirSync(made.tree, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
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
      assert.ok(units.every((unit) => /^[a-z@-]+\.(service|timer|path|target|socket)$/.test(unit)), units.join());
      const { status, stderr } = spawnSync("bash", ["-n"], { input: text.replace(/^.*scriptlet.*$/gm, ""), encoding: "utf8" });
      assert.equal(status, 0, stderr);
    });

    it("edits the update policy into rpm-ostree's file, whatever stands there", () => {
      const script = /^if grep[^]*?^fi$/m.exec(made.query("--scripts").join("\n"))?.[0] ?? "";
      const dir = mkdtempSync(join(tmpdir(), "edge-policy-"));
      for (const before of ["[Daemon]\n#AutomaticUpdatePolicy=none\n#IdleExitTimeout=60\n", "# empty\n", "[Daemon]\nAutomaticUpdatePolicy=check\n"]) {
        spawnSync("bash", ["-c", `cat >conf; ${script.replaceAll("/etc/rpm-ostreed.conf", "conf")}`], { cwd: dir, input: before });
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
    // Units that the distribution's packages bring, as far as drop-ins and orders name them.
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
    for (const [folder, scope] of [[SYSTEM, "--system"], [USER, "--user"]] as const) {
      it(`the units of ${folder}`, () => {
        const names = readdirSync(join(made.tree, folder)).filter((n) => /\.(service|socket|timer|path)$/.test(n));
        assert.ok(names.length > 1);
        for (const name of names) assert.deepEqual(verify(folder, name.replace("@.", "@x."), scope), [], name);
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
        const said = verify(SYSTEM, name, "--system").filter((line) => !line.includes("keepalived is not executable"));
        assert.deepEqual(said, [], name);
        rmSync(join(made.tree, SYSTEM, name));
      }
    });
  });

  describe("on the device", () => {
    let guest: Guest;
    beforeEach(() => {
      guest = new Guest(made.tree);
      mkdirSync(join(guest.root, "boot/grub2"), { recursive: true });
      guest.write("boot/grub2/grubenv", "# GRUB Environment Block\nboot_success=0\n");
      guest.standIn("systemctl", "");
      guest.standIn("journalctl", "");
      release(V1, "0.0.1");
    });
    afterEach(() => guest.remove());

    /** The release's own version, in a deployment's tree; RHEL's commits all say RHEL's. */
    const release = (commit: string, version: string): void =>
      guest.write(`ostree/deploy/edge/deploy/${commit}.0/usr/lib/edge/release`, `${version}\n`);
    const two = (): void => {
      guest.deployed([
        { commit: V2, version: "9.6" },
        { commit: V1, version: "9.6", booted: true },
      ]);
      release(V2, "0.0.2");
      guest.write("usr/lib/edge/release", "0.0.1\n");
    };

    it("each deployment is reported under its release's version", () => {
      two();
      const status = JSON.parse(guest.ok("usr/libexec/edge/status", ["--json"]).stdout) as Record<string, unknown>;
      assert.deepEqual(status["booted"], { commit: V1, version: "0.0.1" });
      assert.deepEqual(status["rollback"], { commit: V2, version: "0.0.2" });
    });

    it("an update is pulled, and staged by rpm-ostree; what is not wanted is dropped by it", async () => {
      const depot = new FakeDepot();
      await depot.start();
      guest.noStandIn("curl");
      guest.device({ EDGE_DEPOT: `http://${depot.address}` });
      guest.write("run/edge/health", "green\n");
      depot.reply({ peers: [], target: { ref: REF, commit: V2 }, upgradeGate: "open" });
      guest.write("ostree/deploy/edge/deploy/" + V1 + ".0.origin", `[origin]\nrefspec=edge:${REF}\n`);
      guest.standIn("ostree", `case "$*" in "admin status") cat "$EDGE_ROOT/status" ;; "rev-parse edge:${REF}") echo ${V2} ;; esac`);
      guest.standIn(
        "rpm-ostree",
        `case "$1" in
          upgrade) { printf '  edge ${V2}.0 (staged)\\n    Version: 9.6\\n'; cat "$EDGE_ROOT/status"; } >"$EDGE_ROOT/s"
            mv "$EDGE_ROOT/s" "$EDGE_ROOT/status"; touch "$EDGE_ROOT/run/ostree/staged-deployment" "$EDGE_ROOT/ostree/deploy" ;;
          cleanup) rm "$EDGE_ROOT/run/ostree/staged-deployment" ;;
        esac`,
      );
      const made_ = (): string[] => guest.calls().filter((c) => /^(rpm-)?ostree /.test(c) && c !== "ostree admin status");
      const { status, stderr } = await guest.served("usr/libexec/edge/update");
      assert.equal(status, 0, stderr);
      assert.deepEqual(made_(), [
        `ostree pull --depth=0 edge ${REF}`,
        `ostree rev-parse edge:${REF}`,
        "rpm-ostree upgrade --cache-only --allow-downgrade",
      ]);
      assert.equal(guest.read("run/edge/phase"), "staged\n");
      guest.forgetCalls();
      depot.reply({ peers: [], target: { ref: REF, commit: V1 }, upgradeGate: "open" });
      assert.equal((await guest.served("usr/libexec/edge/update")).status, 0);
      assert.deepEqual(made_(), ["rpm-ostree cleanup --pending"]);
      await depot.stop();
    });

    it("keepalived is configured where it may read, and calls what it may run", () => {
      guest.ok("usr/libexec/edge/provision", ["boot"]);
      const config = guest.read("run/keepalived-edge/keepalived.conf");
      assert.match(config, /script "\/usr\/libexec\/keepalived\/vip-check /);
      assert.match(config, /notify \/usr\/libexec\/keepalived\/vip-notify/);
    });

    it("the services of this distribution are what must be up", () => {
      guest.standIn("systemctl", "echo active");
      guest.ok("usr/lib/greenboot/check/required.d/10_services.sh");
      const asked = guest.calls().find((c) => c.startsWith("systemctl is-active")) ?? "";
      for (const unit of ["NetworkManager", "firewalld", "sshd", "keepalived", "user@1000"]) {
        assert.ok(asked.includes(`${unit}.service`), unit);
      }
    });

    const verdict = (): Record<string, unknown> => {
      const file = readdirSync(join(guest.root, "var/lib/edge/health"))[0] ?? "";
      return guest.json(`var/lib/edge/health/${file}`) as Record<string, unknown>;
    };

    it("green from the greenboot package becomes this boot's verdict", () => {
      guest.ok("usr/lib/greenboot/green.d/05_verdict.sh");
      assert.equal(verdict()["result"], "green");
      assert.equal(guest.read("run/edge/health"), "green\n");
    });

    it("red names the checks that failed, with their own words from the journal", () => {
      guest.standIn(
        "journalctl",
        `case "$*" in
          *--unit=greenboot-healthcheck.service*) printf '%s\\n' "Running Required Health Check Scripts..." \\
            "Script '00_deployment.sh' SUCCESS" "Script '20_vip.sh' FAILURE (exit code '1'). Continuing..." \\
            "Script '10_depot.sh' FAILURE (exit code '7'). Continuing..." ;;
          *--identifier=20_vip.sh*) echo "keepalived: syntax error" ;;
          *--identifier=10_depot.sh*) echo "could not connect" ;;
        esac`,
      );
      guest.ok("usr/lib/greenboot/red.d/05_verdict.sh");
      assert.deepEqual(verdict()["checks"], [
        { kind: "wanted", name: "10_depot.sh", rc: 7, output: "could not connect" },
        { kind: "required", name: "20_vip.sh", rc: 1, output: "keepalived: syntax error" },
      ]);
      assert.equal(verdict()["result"], "red");
    });

    it("a fallback boot remembers the commit that failed, before greenboot rolls back", () => {
      two();
      guest.write("boot/grub2/grubenv", "# GRUB Environment Block\nboot_counter=-1\n");
      guest.ok("usr/libexec/edge/note-fallback");
      const failed = guest.json("var/lib/edge/failed.json") as { commit: string; version: string }[];
      assert.deepEqual(failed.map(({ commit, version }) => `${version} ${commit}`), [`0.0.2 ${V2}`]);
    });

    it("any other boot is none", () => {
      two();
      for (const counter of ["", "boot_counter=2\n"]) {
        guest.write("boot/grub2/grubenv", `# GRUB Environment Block\n${counter}`);
        guest.ok("usr/libexec/edge/note-fallback");
      }
      assert.ok(!guest.has("var/lib/edge/failed.json"));
    });
  });
});
