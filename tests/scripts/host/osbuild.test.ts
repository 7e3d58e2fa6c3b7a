import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Outcome } from "../../support/hostScripts";
import {
  DnfHost,
  EXPIRED,
  good,
  KEY,
  oneError,
  SIMPLE_ACCESS,
  SUBSCRIPTION,
  subscriptionStatus,
} from "../../support/osbuild/dnfHost";
import { skipBecause } from "../../support/skip";
import { TempDir } from "../../support/tempProject";

describe("a host for the osbuild backend", () => {
  let host: DnfHost;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new DnfHost();
  });
  afterEach(() => host.remove());

  it("is told by os-release, in the words of a stack file", () => {
    for (const [id, version, name] of [
      ["rhel", "9.6", "rhel-9"],
      ["centos", "9", "centos-9"],
      ["fedora", "42", "fedora-42"],
    ] as const) {
      host.osRelease(id, version);
      assert.equal(good(host.with([], "host_distribution")), `${name}\n`);
    }
  });

  describe("subscription", () => {
    /** subscription-manager with or without an identity; a registration creates one. */
    const manager = (identity: boolean, said = SIMPLE_ACCESS): void => {
      writeFileSync(join(host.path, "status"), said);
      if (identity) writeFileSync(join(host.path, "identity"), "");
      host.noted(
        "subscription-manager",
        `case $1 in
          identity) [[ -e identity ]] || { echo "This system is not yet registered." >&2; exit 1; } ;;
          status) cat status; grep -q Invalid status && exit 1; exit 0 ;;
          unregister) rm identity ;;
        esac`,
      );
      host.noted(
        "python",
        'cat >registration\n[[ ! -e refuse ]] || { echo "error: Invalid credentials" >&2; exit 1; }\ntouch identity',
      );
    };
    const apply = (given = "null"): Outcome => host.with(["subscription"], `subscription_apply '${given}'`);
    const mark = (): boolean => existsSync(join(host.stateDir, "host/registered"));

    it("registers a RHEL host that is not, with the secret on stdin alone, and unregisters it again", () => {
      manager(false);
      const outcome = apply(SUBSCRIPTION);
      good(outcome);
      assert.deepEqual(JSON.parse(host.read("registration")), JSON.parse(SUBSCRIPTION));
      assert.ok(!`${host.read("calls")}${outcome.stderr}${outcome.stdout}`.includes(KEY));
      assert.deepEqual(host.calls("python"), ["python assets/host/rhsm/register.py"]);
      assert.ok(host.calls("subscription-manager").includes("subscription-manager refresh"));
      good(host.with(["subscription"], "subscription_destroy"));
      assert.ok(host.calls("subscription-manager").includes("subscription-manager unregister"));
      assert.ok(!mark());
    });

    it("leaves a host alone that is registered, also when it goes", () => {
      manager(true);
      good(apply(SUBSCRIPTION));
      good(host.with(["subscription"], "subscription_destroy"));
      assert.deepEqual(host.calls("python"), []);
      assert.ok(!host.calls("subscription-manager").includes("subscription-manager unregister"));
    });

    it("is nothing to CentOS Stream and Fedora", () => {
      host.osRelease("centos", "9");
      good(apply());
      assert.equal(host.read("calls"), "");
    });

    it("that is refused is one error with the service's words, and leaves nothing to undo", () => {
      manager(false);
      writeFileSync(join(host.path, "refuse"), "");
      const { status: code, stderr } = apply(SUBSCRIPTION);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /error: Invalid credentials\nerror: subscription: this host could not be registered .*; fix: /,
      );
      assert.ok(!mark());
      assert.ok(!stderr.includes(KEY));
    });

    it("that is expired ends it before any package is asked for", () => {
      manager(true, EXPIRED);
      assert.match(oneError(apply()), /subscription: Invalid .*is expired.*; fix: renew it/);
    });

    it("takes the words of every mode that gives content", () => {
      for (const said of [SIMPLE_ACCESS, subscriptionStatus("Current"), subscriptionStatus("Registered")]) {
        manager(true, said);
        good(apply());
      }
    });
  });

  describe("packages", () => {
    /** Sets the packages that rpm finds installed, and those that dnf finds in the repositories. */
    const repositories = (installed: string[], available: string[]): void => {
      writeFileSync(join(host.path, "installed"), `${installed.join("\n")}\n`);
      writeFileSync(join(host.path, "available"), `${available.join("\n")}\n`);
      host.noted("rpm", 'grep -qx "${@: -1}" installed');
      host.noted(
        "dnf",
        `case "$*" in *repoquery*) grep -x "\${@: -1}" available || [[ $? == 1 ]] ;;
        *install*) [[ ! -e full ]] || { echo "Error: Transaction test error: installing package needs 10MB more space on the / filesystem"; exit 1; } ;; esac`,
      );
    };
    const install = (...specs: string[]): Outcome =>
      host.with(["dnf"], `install_rpms ${specs.map((s) => `'${s}'`).join(" ")}`);
    const installs = (): string[] => host.calls("dnf").filter((c) => c.includes(" install "));

    it("are installed where they are missing, of several names the one that there is", () => {
      repositories(["jq"], ["podman", "cockpit-image-builder"]);
      good(install("jq", "podman", "cockpit-composer|cockpit-image-builder"));
      assert.deepEqual(installs(), [
        "dnf -y --setopt=install_weak_deps=False install podman cockpit-image-builder",
      ]);
    });

    it("that are all there are left alone", () => {
      repositories(["jq", "cockpit-composer"], []);
      good(install("jq", "cockpit-composer|cockpit-image-builder"));
      assert.deepEqual(host.calls("dnf"), []);
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

    it("that only scenarios need are asked for by packages.sh extra", () => {
      repositories([], ["nbdkit-server", "nbdkit-basic-filters", "nbdkit-nbd-plugin"]);
      mkdirSync(join(host.path, "assets/builders/osbuild"), { recursive: true });
      const list = readFileSync("assets/builders/osbuild/extra-packages.txt", "utf8");
      writeFileSync(join(host.path, "assets/builders/osbuild/extra-packages.txt"), list);
      host.program("bin/nbdkit", ":");
      const { status: code, stderr } = host.run("packages.sh", "extra", {
        ...host.env(),
        EDGE_BUILDER: "osbuild",
      });
      assert.equal(code, 0, stderr);
      assert.match(installs().join(), / nbdkit-basic-filters nbdkit-nbd-plugin nbdkit-server$/);
    });

    it("of the list are asked for by packages.sh, none of Debian's among them", () => {
      const list = new TempDir().copy("assets/builders/osbuild/host-packages.txt");
      mkdirSync(join(host.path, "assets/builders/osbuild"), { recursive: true });
      host.program("bin/rpm", "exit 0");
      // Commands that this machine lacks count as lost.
      host.program("bin/dnf", "exit 0");
      const from = join(list.path, "assets/builders/osbuild/host-packages.txt");
      host.program("copy", `cp '${from}' assets/builders/osbuild/`);
      good(host.with([], "./copy"));
      list.remove();
      const answer = host.answer("packages.sh", "apply", { ...host.env(), EDGE_BUILDER: "osbuild" });
      assert.equal(answer["missing"], 0);
      assert.ok(Number(answer["packages"]) > 25);
    });
  });

  describe("services, group and ports", () => {
    const NAMES = ["osbuild-composer.socket", "cockpit.socket"];
    const EDGE_PORTS = "8000 5000";
    beforeEach(() => {
      host.noted(
        "firewall-cmd",
        'case "$*" in *default-zone*) echo public ;; *get-zones*) echo "block libvirt libvirt-routed public" ;; *query-port*) [[ "$*" == *5000/tcp* ]] ;; esac',
      );
      host.noted("usermod", ":");
      host.noted("gpasswd", ":");
      host.program("bin/id", 'echo "someone wheel"');
      host.program("bin/getent", "echo weldr:x:990:");
      host.program(
        "bin/composer-cli",
        '[[ "$*" == "status show" ]] || echo "composer-cli $*" >>"$CALLS"\n[[ "$*" != "sources list" ]] || echo edge-lab',
      );
    });

    it("are made once, and destroy puts back what was changed, and only that", () => {
      good(host.with(["osbuild-host"], "osbuild_host_apply", { SUDO_USER: "someone", EDGE_PORTS }));
      for (const name of NAMES)
        assert.ok(host.calls("systemctl").includes(`systemctl enable --now ${name}`), name);
      assert.deepEqual(host.calls("usermod"), ["usermod --append --groups weldr someone"]);
      const added = host
        .calls("firewall-cmd")
        .filter((c) => c.includes("--permanent") && c.includes("--add-port"));
      assert.deepEqual(added, [
        "firewall-cmd --quiet --permanent --zone=libvirt --add-port=8000/tcp",
        "firewall-cmd --quiet --permanent --zone=libvirt --add-port=9090/tcp",
        "firewall-cmd --quiet --permanent --zone=public --add-port=8000/tcp",
        "firewall-cmd --quiet --permanent --zone=public --add-port=9090/tcp",
      ]);
      mkdirSync(join(host.stateDir, "blueprints"));
      writeFileSync(join(host.stateDir, "blueprints/RFE.toml"), "");
      good(host.with(["osbuild-host"], "osbuild_host_destroy; osbuild_host_destroy"));
      for (const name of NAMES)
        assert.ok(host.calls("systemctl").includes(`systemctl --quiet disable --now ${name}`), name);
      assert.deepEqual(host.calls("gpasswd"), ["gpasswd --delete someone weldr"]);
      const removed = host
        .calls("firewall-cmd")
        .filter((c) => c.includes("--permanent") && c.includes("--remove-port"));
      assert.deepEqual(
        removed.map((c) => c.split("=").pop()),
        ["8000/tcp", "9090/tcp", "8000/tcp", "9090/tcp"],
      );
      assert.ok(host.calls("composer-cli").includes("composer-cli blueprints delete RFE"));
      assert.ok(host.calls("composer-cli").includes("composer-cli sources delete edge-lab"));
    });

    it("that were there are not touched", () => {
      host.noted("firewall-cmd", '[[ "$*" != *default-zone* ]] || echo public');
      host.program("bin/id", 'echo "someone weldr"');
      good(
        host.with(["osbuild-host"], "osbuild_host_apply; osbuild_host_destroy", {
          EDGE_PORTS,
          SUDO_USER: "someone",
          ACTIVE: "0",
        }),
      );
      assert.deepEqual(host.calls("usermod"), []);
      assert.ok(!host.read("calls").includes("disable"));
      assert.ok(!/(add|remove)-port/.test(host.read("calls")));
    });

    it("a socket that does not start is named", () => {
      host.noted(
        "systemctl",
        '[[ $* != *is-* ]] || exit 1; [[ $* != *osbuild-composer* ]] || { echo "Job failed" >&2; exit 1; }',
      );
      const { status: code, stderr } = host.with(["osbuild-host"], "osbuild_host_apply");
      assert.equal(code, 1);
      assert.match(
        stderr,
        /Job failed[^]*error: osbuild-composer\.socket does not start; fix: see systemctl status/,
      );
    });
  });
});
