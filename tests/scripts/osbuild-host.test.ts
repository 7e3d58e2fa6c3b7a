import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts, type Outcome } from "../support/hostScripts";
import { skipBecause } from "../support/skip";
import { TempDir } from "../support/tempProject";

const KEY = "the activation key";
const subscription = JSON.stringify({ activationKey: KEY, organization: "1" });

/** As `subscription-manager status` prints it (its man page; entitlement mode, and simple content access). */
const status = (overall: string, more = ""): string =>
  `+-------------------------------------------+\n   System Status Details\n+-------------------------------------------+\n` +
  `Overall Status: ${overall}\n${more}\nSystem Purpose Status: Unknown\n`;
const EXPIRED = status("Invalid", "Red Hat Enterprise Linux:\n- Subscription for Red Hat Enterprise Linux is expired.\n");
const SCA = status(
  "Disabled",
  "Content Access Mode is set to Simple Content Access. This host has access to content, regardless of subscription status.\n",
);

describe("a host for the osbuild backend", () => {
  let host: HostScripts;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new HostScripts();
    osRelease("rhel", "9.6");
    noted("systemctl", '[[ $* != *is-* ]] || exit "${ACTIVE:-1}"');
  });
  afterEach(() => host.remove());

  const osRelease = (id: string, version: string): void =>
    writeFileSync(join(host.path, "os-release"), `NAME="x"\nID="${id}"\nVERSION_ID="${version}"\n`);
  /** A program that writes its calls down. */
  const noted = (name: string, body: string): void => host.program(`bin/${name}`, `echo "${name} $*" >>"$CALLS"\n${body}`);
  const calls = (of: string): string[] =>
    host
      .read("calls")
      .split("\n")
      .filter((line) => line.startsWith(`${of} `));
  const env = (): Record<string, string> => ({
    CALLS: join(host.path, "calls"),
    EDGE_OS_RELEASE: join(host.path, "os-release"),
    EDGE_PYTHON: join(host.path, "bin/python"),
    EDGE_LIBVIRT_URI: "test:///default",
  });
  const bash = (libraries: string[], text: string, more: Record<string, string> = {}): Outcome =>
    host.bash(["paths", "log", "result", "distribution", ...libraries], text, { ...env(), ...more });
  const good = ({ status: code, stdout, stderr }: Outcome): string => {
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const oneError = (outcome: Outcome): string => {
    assert.equal(outcome.status, 1, outcome.stderr);
    const errors = outcome.stderr.split("\n").filter((l) => l.startsWith("error: "));
    assert.equal(errors.length, 1, outcome.stderr);
    assert.match(outcome.stderr, /; fix: /);
    return outcome.stderr;
  };

  it("is told by os-release, in the words of a stack file", () => {
    for (const [id, version, name] of [
      ["rhel", "9.6", "rhel-9"],
      ["centos", "9", "centos-9"],
      ["fedora", "42", "fedora-42"],
    ] as const) {
      osRelease(id, version);
      assert.equal(good(bash([], "host_distribution")), `${name}\n`);
    }
  });

  describe("subscription", () => {
    /** subscription-manager with an identity or without; the registration makes one. */
    const manager = (identity: boolean, said = SCA): void => {
      writeFileSync(join(host.path, "status"), said);
      if (identity) writeFileSync(join(host.path, "identity"), "");
      noted(
        "subscription-manager",
        `case $1 in
          identity) [[ -e identity ]] || { echo "This system is not yet registered." >&2; exit 1; } ;;
          status) cat status; grep -q Invalid status && exit 1; exit 0 ;;
          unregister) rm identity ;;
        esac`,
      );
      noted("python", 'cat >registration\n[[ ! -e refuse ]] || { echo "error: Invalid credentials" >&2; exit 1; }\ntouch identity');
    };
    const apply = (given = "null"): Outcome => bash(["subscription"], `subscription_apply '${given}'`);
    const mark = (): boolean => existsSync(join(host.stateDir, "host/registered"));

    it("registers a RHEL host that is not, with the secret on stdin alone, and unregisters it again", () => {
      manager(false);
      const outcome = apply(subscription);
      good(outcome);
      assert.deepEqual(JSON.parse(host.read("registration")), JSON.parse(subscription));
      assert.ok(!`${host.read("calls")}${outcome.stderr}${outcome.stdout}`.includes(KEY));
      assert.deepEqual(calls("python"), ["python assets/host/rhsm/register.py"]);
      assert.ok(calls("subscription-manager").includes("subscription-manager refresh"));
      good(bash(["subscription"], "subscription_destroy"));
      assert.ok(calls("subscription-manager").includes("subscription-manager unregister"));
      assert.ok(!mark());
    });

    it("leaves a host alone that is registered, also when it goes", () => {
      manager(true);
      good(apply(subscription));
      good(bash(["subscription"], "subscription_destroy"));
      assert.deepEqual(calls("python"), []);
      assert.ok(!calls("subscription-manager").includes("subscription-manager unregister"));
    });

    it("is nothing to CentOS Stream and Fedora", () => {
      osRelease("centos", "9");
      good(apply());
      assert.equal(host.read("calls"), "");
    });

    it("that is refused is one error with the service's words, and leaves nothing to undo", () => {
      manager(false);
      writeFileSync(join(host.path, "refuse"), "");
      const { status: code, stderr } = apply(subscription);
      assert.equal(code, 1);
      assert.match(stderr, /error: Invalid credentials\nerror: subscription: this host could not be registered .*; fix: /);
      assert.ok(!mark());
      assert.ok(!stderr.includes(KEY));
    });

    it("that is expired ends it before any package is asked for", () => {
      manager(true, EXPIRED);
      assert.match(oneError(apply()), /subscription: Invalid .*is expired.*; fix: renew it/);
    });

    it("takes the words of every mode that gives content", () => {
      for (const said of [SCA, status("Current"), status("Registered")]) {
        manager(true, said);
        good(apply());
      }
    });
  });

  describe("packages", () => {
    /** rpm knows what is installed, dnf what the repositories have. */
    const repositories = (installed: string[], available: string[]): void => {
      writeFileSync(join(host.path, "installed"), `${installed.join("\n")}\n`);
      writeFileSync(join(host.path, "available"), `${available.join("\n")}\n`);
      noted("rpm", 'grep -qx "${@: -1}" installed');
      noted("dnf", `case "$*" in *repoquery*) grep -x "\${@: -1}" available || [[ $? == 1 ]] ;;
        *install*) [[ ! -e full ]] || { echo "Error: Transaction test error: installing package needs 10MB more space on the / filesystem"; exit 1; } ;; esac`);
    };
    const install = (...specs: string[]): Outcome => bash(["dnf"], `install_rpms ${specs.map((s) => `'${s}'`).join(" ")}`);
    const installs = (): string[] => calls("dnf").filter((c) => c.includes(" install "));

    it("are installed where they are missing, of several names the one that there is", () => {
      repositories(["jq"], ["podman", "cockpit-image-builder"]);
      good(install("jq", "podman", "cockpit-composer|cockpit-image-builder"));
      assert.deepEqual(installs(), ["dnf -y --setopt=install_weak_deps=False install podman cockpit-image-builder"]);
    });

    it("that are all there are left alone", () => {
      repositories(["jq", "cockpit-composer"], []);
      good(install("jq", "cockpit-composer|cockpit-image-builder"));
      assert.deepEqual(calls("dnf"), []);
    });

    it("that no repository has are named all at once, and nothing is installed", () => {
      repositories([], ["podman"]);
      const error = oneError(install("lorax", "podman", "osbuild-composer"));
      assert.match(error, /no enabled repository of this host has lorax osbuild-composer;/);
      assert.deepEqual(installs(), []);
    });

    it("that do not fit end with dnf's own words", () => {
      repositories([], ["podman"]);
      writeFileSync(join(host.path, "full"), "");
      const { status: code, stderr } = install("podman");
      assert.notEqual(code, 0);
      assert.match(stderr, /needs 10MB more space/);
    });

    it("of the list are asked for by packages.sh, none of Debian's among them", () => {
      const list = new TempDir().copy("assets/builders/osbuild/host-packages.txt");
      mkdirSync(join(host.path, "assets/builders/osbuild"), { recursive: true });
      host.program("bin/rpm", "exit 0");
      const from = join(list.path, "assets/builders/osbuild/host-packages.txt");
      host.program("copy", `cp '${from}' assets/builders/osbuild/`);
      good(bash([], "./copy"));
      list.remove();
      const answer = host.answer("packages.sh", "apply", { ...env(), EDGE_BUILDER: "osbuild" });
      assert.equal(answer["missing"], 0);
      assert.ok(Number(answer["packages"]) > 25);
    });
  });

  describe("services, group and ports", () => {
    const NAMES = ["osbuild-composer.socket", "cockpit.socket"];
    beforeEach(() => {
      noted("firewall-cmd", 'case "$*" in *default-zone*) echo public ;; *query-port*) [[ "$*" == *5000/tcp* ]] ;; esac');
      noted("usermod", ":");
      noted("gpasswd", ":");
      host.program("bin/id", 'echo "someone wheel"');
      host.program("bin/getent", "echo weldr:x:990:");
      host.program("bin/composer-cli", '[[ "$*" == "status show" ]] || echo "composer-cli $*" >>"$CALLS"\n[[ "$*" != "sources list" ]] || echo edge-lab');
    });

    it("are made once, and destroy puts back what was changed, and only that", () => {
      good(bash(["osbuild-host"], "osbuild_host_apply", { SUDO_USER: "someone" }));
      for (const name of NAMES) assert.ok(calls("systemctl").includes(`systemctl enable --now ${name}`), name);
      assert.deepEqual(calls("usermod"), ["usermod --append --groups weldr someone"]);
      const added = calls("firewall-cmd").filter((c) => c.includes("--permanent") && c.includes("--add-port"));
      assert.deepEqual(added, [
        "firewall-cmd --quiet --permanent --zone=public --add-port=8000/tcp",
        "firewall-cmd --quiet --permanent --zone=public --add-port=9090/tcp",
      ]);
      mkdirSync(join(host.stateDir, "blueprints"));
      writeFileSync(join(host.stateDir, "blueprints/RFE.toml"), "");
      good(bash(["osbuild-host"], "osbuild_host_destroy; osbuild_host_destroy"));
      for (const name of NAMES) assert.ok(calls("systemctl").includes(`systemctl --quiet disable --now ${name}`), name);
      assert.deepEqual(calls("gpasswd"), ["gpasswd --delete someone weldr"]);
      const removed = calls("firewall-cmd").filter((c) => c.includes("--permanent") && c.includes("--remove-port"));
      assert.deepEqual(
        removed.map((c) => c.split("=").pop()),
        ["8000/tcp", "9090/tcp"],
      );
      assert.ok(calls("composer-cli").includes("composer-cli blueprints delete RFE"));
      assert.ok(calls("composer-cli").includes("composer-cli sources delete edge-lab"));
    });

    it("that were there are not touched", () => {
      noted("firewall-cmd", '[[ "$*" != *default-zone* ]] || echo public');
      host.program("bin/id", 'echo "someone weldr"');
      good(bash(["osbuild-host"], "osbuild_host_apply; osbuild_host_destroy", { SUDO_USER: "someone", ACTIVE: "0" }));
      assert.deepEqual(calls("usermod"), []);
      assert.ok(!host.read("calls").includes("disable"));
      assert.ok(!/(add|remove)-port/.test(host.read("calls")));
    });

    it("a socket that does not start is named", () => {
      noted("systemctl", '[[ $* != *is-* ]] || exit 1; [[ $* != *osbuild-composer* ]] || { echo "Job failed" >&2; exit 1; }');
      const { status: code, stderr } = bash(["osbuild-host"], "osbuild_host_apply");
      assert.equal(code, 1);
      assert.match(stderr, /Job failed[^]*error: osbuild-composer\.socket does not start; fix: see systemctl status/);
    });
  });

  describe("preflight", () => {
    const LIBRARIES = ["preflight", "subscription", "preflight-osbuild"];
    const check = (text: string): string[] => {
      const { stderr, status: code } = bash(LIBRARIES, `${text}\nreport_problems`);
      const found = stderr.split("\n").flatMap((line) => /^ {2}- (.*)$/.exec(line)?.[1] ?? []);
      assert.equal(code, found.length === 0 ? 0 : 1, stderr);
      for (const problem of found) assert.match(problem, /; fix: ./);
      return found;
    };
    beforeEach(() => host.program("bin/dnf", ":"));

    it("takes a host of the stack's distribution, and names another", () => {
      assert.deepEqual(check("check_platform_osbuild rhel-9"), []);
      osRelease("fedora", "41");
      assert.match(check("check_platform_osbuild fedora-42").join(), /this host is fedora-41 and the stack is for fedora-42/);
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
        say("Checking for hardware virtualization", "FAIL (Host not compatible with KVM; HW virtualization CPU features not found.)"),
        say("Checking if device /dev/kvm exists", "FAIL (Check that the 'kvm-intel' or 'kvm-amd' modules are loaded)"),
        say("Checking for cgroup 'memory' controller support", "PASS"),
        say("Checking for device assignment IOMMU support", "WARN (No ACPI DMAR table found)"),
      ];
      writeFileSync(join(host.path, "said"), `${lines.join("\n")}\n`);
      host.program("bin/virt-host-validate", "cat said; exit 1");
      assert.deepEqual(check("check_virtualization"), []);
      writeFileSync(join(host.path, "said"), say("Checking for cgroup 'cpu' controller support", "FAIL (Enable 'cpu' in kernel)\n"));
      assert.match(check("check_virtualization").join(), /cgroup 'cpu' controller support .*Enable 'cpu'/);
    });

    it("of the whole script lists all, changes nothing, and gives the builder no secret", () => {
      osRelease("debian", "12");
      host.program("assets/builders/osbuild/depsolve", "cat >depsolve.json\necho '{\"packages\":1}'");
      const stdin = `{"distribution":"rhel-9","packages":[{"name":"podman","version":"*"}],"subscription":${subscription}}`;
      const { status: code, stderr } = host.run(
        "edge-host.sh",
        "apply",
        {
          ...env(),
          EDGE_BUILDER: "osbuild",
          EDGE_DISTRIBUTION: "rhel-9",
          EDGE_BOOT_ISO: "/nowhere.iso",
          EDGE_CIDR: "198.51.100.0/24",
          EDGE_GATEWAY: "198.51.100.1",
          EDGE_BRIDGE: "edgetest0",
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
});
