import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";

const COMMIT = "a".repeat(64);
/** Required variables of each script, besides the state directory. */
const inputs: Record<string, Record<string, string>> = {
  "accelerator.sh": { EDGE_ACCELERATOR: "auto" },
  "app-image.sh": { EDGE_REGISTRY: "127.0.0.1:9", EDGE_APP_TAG: "v1" },
  "bridge.sh": { EDGE_BRIDGE: "edgelab9", EDGE_UPLINK: "eth9", EDGE_CIDR: "192.168.76.0/24" },
  "commit.sh": { EDGE_VERSION: "0.0.1" },
  "depot.sh": { EDGE_GATEWAY: "127.0.0.1", EDGE_DEPOT_PORT: "8000" },
  "edge-host.sh": { EDGE_LIBVIRT_URI: "test:///default" },
  "enrol.sh": { EDGE_DEVICE: "edge-device-1", EDGE_ADDRESS: "192.168.76.11" },
  "iso.sh": { EDGE_ROLE: "primary" },
  "libvirtd.sh": { EDGE_LIBVIRT_URI: "test:///default" },
  "libvirt-status.sh": { EDGE_LIBVIRT_URI: "test:///default" },
  "publish.sh": { EDGE_REF: "debian/trixie/x86_64/edge" },
};
/** Has no apply or destroy; all others have apply, destroy and status. */
const ASKS = "libvirt-status.sh";
/** These only run another program and have no verbs. */
const WRAPPERS = ["remote-verb.sh", "node.sh", "push.sh", "remote-run.sh", "remote.sh"];
const scripts = readdirSync("assets/host").filter((name) => name.endsWith(".sh") && !WRAPPERS.includes(name));

describe("host scripts", () => {
  let host: HostScripts;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new HostScripts();
  });
  afterEach(() => host.remove());

  for (const script of scripts) {
    const env = inputs[script] ?? {};

    it(`${script} says how it is used`, () => {
      for (const verb of ["", "remove", "apply2"]) {
        const { status, stdout, stderr } = host.run(script, verb, env);
        assert.notEqual(status, 0);
        assert.equal(stdout, "");
        // Some have an additional verb.
        assert.match(
          stderr,
          script === ASKS
            ? /^error: usage: .*status\|record\n$/
            : /^error: usage: .*apply\|destroy\|status(\|[a-z]+)*\n$/,
        );
      }
    });

    it(`${script} names an input that is missing`, () => {
      const names = ["EDGE_STATE_DIR", ...Object.keys(env).filter((name) => name !== "EDGE_ADDRESS")];
      for (const name of names) {
        const { status, stderr } = host.run(script, script === ASKS ? "status" : "apply", {
          ...env,
          [name]: "",
        });
        assert.notEqual(status, 0, name);
        assert.match(stderr, new RegExp(`${name}\\b`));
        assert.equal(stderr.trim().split("\n").length, 1, stderr);
      }
    });

    it(`${script} refuses a state directory that is no absolute path`, () => {
      const { status, stderr } = host.run(script, script === ASKS ? "status" : "destroy", {
        ...env,
        EDGE_STATE_DIR: "lab",
      });
      assert.notEqual(status, 0);
      assert.match(stderr, /EDGE_STATE_DIR=lab is not an absolute path/);
    });
  }

  // The others talk to a daemon and have their own tests.
  for (const script of ["accelerator.sh", "commit.sh", "enrol.sh", "iso.sh", "publish.sh", "ssh-key.sh"]) {
    it(`${script} has nothing to remove where nothing was made, and status changes nothing`, () => {
      const env = inputs[script] ?? {};
      for (let i = 0; i < 2; i++) {
        const { status, stdout, stderr } = host.run(script, "destroy", env);
        assert.equal(`${status} ${stdout} ${stderr}`, "0  ");
        host.answer(script, "status", env);
      }
      assert.deepEqual(host.state(), []);
    });
  }

  describe("ssh-key.sh", () => {
    const key = (): Record<string, unknown> => host.answer("ssh-key.sh", "apply");
    const FILES = ["ssh/", "ssh/id_ed25519", "ssh/id_ed25519.pub"];

    it("makes a key once, for its owner only, and says it again", () => {
      const first = key();
      assert.match(String(first["publicKey"]), /^ssh-ed25519 [A-Za-z0-9+/]{68} edge-lab$/);
      assert.match(String(first["privateKey"]), /^-----BEGIN OPENSSH PRIVATE KEY-----\n[^]*-----END/);
      assert.deepEqual(key(), first);
      assert.deepEqual(host.state(), FILES);
      assert.equal(statSync(join(host.stateDir, "ssh/id_ed25519")).mode & 0o777, 0o600);
    });

    it("converges from a run that was killed in the middle", () => {
      for (const half of ["ssh.new/id_ed25519", "ssh/id_ed25519"]) {
        mkdirSync(join(host.stateDir, half, ".."), { recursive: true });
        writeFileSync(join(host.stateDir, half), "");
        assert.match(String(key()["publicKey"]), /^ssh-ed25519 /);
        assert.deepEqual(host.state(), FILES);
        rmSync(join(host.stateDir, "ssh"), { recursive: true });
      }
    });

    it("keeps the key that devices know where its public half is not there", () => {
      const first = key();
      rmSync(join(host.stateDir, "ssh/id_ed25519.pub"));
      assert.deepEqual(key(), first);
      assert.deepEqual(host.state(), FILES);
    });

    it("is gone after destroy", () => {
      const first = key();
      assert.equal(host.run("ssh-key.sh", "destroy").status, 0);
      assert.deepEqual(host.state(), []);
      assert.notEqual(key()["publicKey"], first["publicKey"]);
    });
  });

  describe("blueprint.sh, commit.sh and iso.sh", () => {
    const record = {
      version: "0.0.1",
      commit: COMMIT,
      parent: null,
      ref: "r",
      packageCount: 2,
      inputHash: "h",
    };
    const cacheDir = (): string => join(host.path, ".cache/edge-lab");

    it("hand the builder the request with the places it works in", () => {
      host.builder("push-blueprint", { name: "RFE", version: "0.0.1" });
      const request = { blueprint: 'name = "RFE"\n# $(id) `id` \\' };
      assert.deepEqual(host.answer("blueprint.sh", "apply", {}, JSON.stringify(request)), {
        name: "RFE",
        version: "0.0.1",
      });
      assert.deepEqual(host.asked("push-blueprint"), {
        ...request,
        stateDir: host.stateDir,
        cacheDir: cacheDir(),
      });
    });

    it("compose, then export that commit, and answer without what differs from run to run", () => {
      host.builder("compose", { ...record, seconds: 9.5, timings: { commit: 1 } });
      host.builder("export", { commit: COMMIT });
      const { inputHash: _, ...kept } = record;
      assert.deepEqual(
        host.answer("commit.sh", "apply", { EDGE_VERSION: "0.0.1" }, '{"version":"0.0.1"}'),
        kept,
      );
      const { version, commit, parent } = record;
      assert.deepEqual(host.asked("export"), {
        version,
        commit,
        parent,
        repo: join(host.stateDir, "repo"),
        stateDir: host.stateDir,
        cacheDir: cacheDir(),
      });
    });

    it("end with the builder's own words when it fails, and print no result", () => {
      host.builder("export", {});
      host.program(
        "assets/builders/test/compose",
        'cat >/dev/null; echo "error: compose: disk full" >&2; exit 1',
      );
      const { status, stdout, stderr } = host.run("commit.sh", "apply", { EDGE_VERSION: "0.0.1" }, "{}");
      assert.notEqual(status, 0);
      assert.equal(stdout, "");
      assert.match(stderr, /error: compose: disk full/);
      assert.equal(host.read("export.json"), "");
    });

    it("make an ISO without a word of the kickstart in the output", () => {
      mkdirSync(join(host.stateDir, "iso"));
      writeFileSync(join(host.stateDir, "iso/edge-primary.iso"), "x");
      host.builder("make-iso", { path: "/x.iso", sizeBytes: 1, sha256: "y" });
      const request = { role: "primary", kickstart: "user --password=$6$hunter2", kernelArgs: ["a=b"] };
      const { status, stdout, stderr } = host.run(
        "iso.sh",
        "apply",
        { EDGE_ROLE: "primary" },
        JSON.stringify(request),
      );
      assert.equal(status, 0, stderr);
      assert.ok(!`${stdout}${stderr}`.includes("hunter2"));
      assert.equal(host.asked("make-iso")["kickstart"], request.kickstart);
    });
  });

  describe("enrol.sh", () => {
    const env = {
      EDGE_DEVICE: "edge-device-1",
      EDGE_ADDRESS: "192.168.76.11",
      EDGE_MAC: "52:54:00:a8:4c:0b",
      EDGE_NETWORK: "edge-lab",
      EDGE_LIBVIRT_URI: "test:///default",
    };
    const calls = (): string[] =>
      host
        .read("calls")
        .trim()
        .split("\n")
        .filter((call) => call.includes("net-update"));
    const lease = "<host mac='52:54:00:a8:4c:0b' name='edge-device-1' ip='192.168.76.11'/>";

    it("begins with a new console, whatever was there", () => {
      const { EDGE_NETWORK: _, ...lan } = env;
      mkdirSync(join(host.stateDir, "console"));
      for (const name of ["edge-device-1.log", "edge-device-1.log.0", "edge-device-2.log"]) {
        writeFileSync(join(host.stateDir, "console", name), "old");
      }
      const { console } = host.answer("enrol.sh", "apply", lan);
      assert.equal(console, join(host.stateDir, "console/edge-device-1.log"));
      assert.deepEqual(host.state(), [
        "console/",
        "console/edge-device-1.enrolled",
        "console/edge-device-2.log",
      ]);
      assert.equal(host.run("enrol.sh", "destroy", lan).status, 0);
      assert.deepEqual(host.state(), ["console/", "console/edge-device-2.log"]);
    });

    it("fixes the device's lease, in place of those that it or its address had", () => {
      const other = "<host mac='52:54:00:00:00:99' name='old' ip='192.168.76.11'/>";
      writeFileSync(
        join(host.path, "network.xml"),
        `<dhcp>${lease}\n${other}\n<host mac='x' ip='192.168.76.111'/></dhcp>`,
      );
      host.answer("enrol.sh", "apply", env);
      const [one = "", two = "", three = "", ...more] = calls();
      assert.ok(one.includes("delete ip-dhcp-host") && one.includes(lease), one);
      assert.ok(two.includes("delete ip-dhcp-host") && two.includes("192.168.76.11'"), two);
      assert.ok(!calls().join().includes("192.168.76.111"));
      const last = [three, ...more].pop() ?? "";
      assert.ok(last.includes(`add-last ip-dhcp-host ${lease} --live --config`), last);
    });

    it("forgets the host key of the machine that had the address before", () => {
      const { publicKey } = host.answer("ssh-key.sh", "apply");
      const [type = "", data = ""] = String(publicKey).split(" ");
      const known = ["192.168.76.11", "192.168.76.12"].map((address) => `${address} ${type} ${data}\n`);
      writeFileSync(join(host.stateDir, "ssh/known_hosts"), known.join(""));
      host.answer("enrol.sh", "apply", { ...env, EDGE_NETWORK: "" });
      assert.equal(host.read(`${host.stateDir.slice(host.path.length + 1)}/ssh/known_hosts`), known[1]);
    });
  });
});
