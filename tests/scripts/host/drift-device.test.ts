import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";
import { driftOf, heals, scriptObject, type Drifting } from "../support/drift";

type Env = Record<string, string>;

describe("drift of keys, ISOs, blueprints and the accelerator", () => {
  let host: HostScripts;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new HostScripts();
  });
  afterEach(() => host.remove());

  const at = (...parts: string[]): string => join(host.stateDir, ...parts);
  const object = (script: string, env: Env = {}, input = ""): Drifting =>
    scriptObject(host, script, env, input);

  describe("ssh-key.sh", () => {
    const KEY = "ssh/id_ed25519";
    const gone = (): void => rmSync(at("ssh"), { recursive: true });
    const damaged = (): void => writeFileSync(at(KEY), "x\n");
    const rows: Record<string, [RegExp, () => void]> = {
      "the pair is removed": [/the ssh key is gone/, gone],
      "the private half is damaged": [/cannot be read/, damaged],
      "the public half is removed": [/public half/, () => rmSync(at(`${KEY}.pub`))],
      "the public half is another key's": [
        /public half/,
        () => writeFileSync(at(`${KEY}.pub`), `ssh-ed25519 ${"A".repeat(68)} edge-lab\n`),
      ],
      "the private half may be read by others": [/mode 644/, () => chmodSync(at(KEY), 0o644)],
      "the folder is open to others": [/open to others/, () => chmodSync(at("ssh"), 0o755)],
    };
    for (const [what, [found, breakIt]] of Object.entries(rows)) {
      it(`${what}: it is the key that devices know`, () => {
        const { stdout } = host.run("ssh-key.sh", "apply");
        const key = object("ssh-key.sh", { PULUMI_COMMAND_STDOUT: stdout });
        const before = readFileSync(at(KEY), "utf8");
        heals(key, found, breakIt);
        assert.equal(readFileSync(at(KEY), "utf8"), before);
        assert.equal(statSync(at(KEY)).mode & 0o777, 0o600);
        assert.equal(host.run("ssh-key.sh", "apply").stdout, stdout);
        assert.doesNotMatch(key.status().stdout, /PRIVATE/);
      });
    }

    it("without an answer that the stack has kept, a new pair is made", () => {
      for (const answer of ["", "no JSON", "{}"]) {
        for (const breakIt of [gone, damaged]) {
          const key = object("ssh-key.sh", { PULUMI_COMMAND_STDOUT: answer });
          key.apply();
          const before = readFileSync(at(KEY), "utf8");
          heals(key, /gone|cannot be read/, breakIt);
          assert.notEqual(readFileSync(at(KEY), "utf8"), before);
        }
      }
    });
  });

  describe("iso.sh", () => {
    const iso = (): string => at("iso/edge-primary.iso");
    const rows: Record<string, [RegExp, () => void]> = {
      "it is removed": [/the ISO is gone/, () => rmSync(iso())],
      "it is another file": [/not the file that was made/, () => writeFileSync(iso(), "another")],
      "it was written again, as long as before": [
        /not the file that was made/,
        () => writeFileSync(iso(), "CONTENT\n"),
      ],
      "it is cut off": [/not the file that was made/, () => writeFileSync(iso(), "")],
      "what was made is not recorded": [
        /not the file that was made/,
        () => rmSync(at("iso/.edge-primary.made")),
      ],
    };
    for (const [what, [found, breakIt]] of Object.entries(rows)) {
      it(what, () => {
        host.program(
          "assets/builders/test/make-iso",
          `dir=$(jq -r .stateDir)/iso; mkdir -p "$dir"; echo content >"$dir/edge-primary.iso"; echo '{"path":"x"}'`,
        );
        const made = object("iso.sh", { EDGE_ROLE: "primary" }, "{}");
        made.apply();
        heals(made, found, breakIt);
        // When a machine starts, libvirt gives the file to QEMU's user.
        chmodSync(iso(), 0o640);
        assert.deepEqual(driftOf(made.status()), []);
      });
    }
  });

  describe("blueprint.sh", () => {
    let first: Drifting;
    let second: Drifting;
    const toml = (): string => at("blueprints/RFE.toml");
    beforeEach(() => {
      execFileSync("cp", ["-r", "assets/builders", join(host.path, "assets/")]);
      const push = (version: string, after: string): Drifting =>
        object(
          "blueprint.sh",
          { EDGE_BUILDER: "debian", EDGE_AFTER: after },
          JSON.stringify({ blueprint: `name = "RFE"\nversion = "${version}"\n` }),
        );
      first = push("0.0.1", "");
      second = push("0.0.2", "a".repeat(64));
      first.apply();
      second.apply();
    });

    it("each release's is named when the builder lost it or it was changed, and pushed again in their order", () => {
      for (const breakIt of [
        () => rmSync(toml()),
        () => rmSync(at("blueprints"), { recursive: true }),
        () => writeFileSync(toml(), "# by hand\n", { flag: "a" }),
      ]) {
        for (const each of [first, second]) assert.deepEqual(driftOf(each.status()), []);
        breakIt();
        for (const each of [first, second]) assert.notDeepEqual(driftOf(each.status()), []);
        first.apply();
        second.apply();
        assert.match(readFileSync(toml(), "utf8"), /0\.0\.2/);
      }
      heals(second, /is gone/, () => rmSync(toml()));
    });

    it("that the image builder does not know is named; one that does not answer is the host's", () => {
      const says = (body: string): void => host.program("assets/builders/debian/has-blueprint", body);
      says("exit 1");
      assert.match(driftOf(second.status()).join(), /image builder does not know the blueprint RFE/);
      says("exit 2");
      assert.deepEqual(driftOf(second.status()), []);
    });
  });

  it("osbuild's has-blueprint tells a builder that knows it, one that does not, and one that is silent", () => {
    host.program("bin/composer-cli", '[[ $SAY != none ]] && echo "$SAY"');
    const ask = (say: string): number | null =>
      host.bash(
        [],
        `PATH=$PWD/bin:$PATH SAY='${say}' '${process.cwd()}/assets/builders/osbuild/has-blueprint' . RFE`,
      ).status;
    assert.deepEqual([ask("RFE"), ask("RFE2"), ask("none")], [0, 1, 2]);
  });

  describe("accelerator.sh", () => {
    it("names a /dev/kvm that has appeared or vanished since it was probed", () => {
      host.program("bin/xorriso", 'for last; do :; done; echo kernel >"$last"');
      host.program("bin/qemu-system-x86_64", `file=$(grep -o 'file:.*' <<<"$*"); exit 1`);
      const env = { EDGE_ACCELERATOR: "auto", EDGE_BOOT_ISO: "x.iso" };
      const device = join(host.path, "kvm");
      const appears = (): void => void execFileSync("mknod", [device, "c", "1", "3"]);
      const probe = object("accelerator.sh", { ...env, EDGE_KVM_DEVICE: device });
      probe.apply();
      heals(probe, /has appeared/, appears);
      heals(probe, /has vanished/, () => rmSync(device));
      // If the stack asks for emulation, /dev/kvm does not matter.
      const emulated = object("accelerator.sh", { ...env, EDGE_ACCELERATOR: "tcg", EDGE_KVM_DEVICE: device });
      emulated.apply();
      appears();
      assert.deepEqual(driftOf(emulated.status()), []);
    });

    it("counts the host's cores, and names another number of them", () => {
      const cpuinfo = join(host.path, "cpuinfo");
      const cores = (count: number): void =>
        writeFileSync(cpuinfo, "processor\t: 0\nmodel name\t: processor 0\n\n".repeat(count));
      cores(2);
      const emulated = object("accelerator.sh", { EDGE_ACCELERATOR: "tcg", EDGE_CPUINFO: cpuinfo });
      emulated.apply();
      heals(emulated, /^the host has 6 cores instead of 2$/, () => cores(6));
    });
  });
});
