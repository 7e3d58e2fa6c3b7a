import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readlinkSync, statSync } from "node:fs";

import { Checkout } from "./support/checkout";

describe("toolchain: setup, env and with", () => {
  let checkout: Checkout;

  beforeEach(() => {
    checkout = new Checkout();
  });

  afterEach(() => {
    checkout.remove();
  });

  const link = (name: string): string => readlinkSync(checkout.path(`node_modules/.edge-lab/${name}`));

  it("setup says and does nothing when all is there, quickly", () => {
    checkout.ok("toolchain/setup.sh");
    const start = Date.now();
    const { status, stdout, stderr } = checkout.bash("toolchain/setup.sh");
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "" });
    assert.ok(Date.now() - start < 1_000);
  });

  it("setup mends a link whose target is gone", () => {
    checkout.ok("toolchain/setup.sh");
    const before = link("plugins/pulumi-resource-random");
    checkout.ok("ln -sfn /nowhere node_modules/.edge-lab/plugins/pulumi-resource-random; toolchain/setup.sh");
    assert.equal(link("plugins/pulumi-resource-random"), before);
  });

  it("env prints assignments only; with them plain pulumi works and leaves the work tree clean", () => {
    const before = readdirSync(checkout.dir).sort();
    const lines = checkout.ok("toolchain/env.sh").trim().split("\n");
    for (const line of lines) assert.match(line, /^(export [A-Z_]+=|unset [A-Z_]+$|case :\$PATH: in )/);
    const run = (script: string): string => checkout.ok(`eval "$(toolchain/env.sh)"; ${script}`);
    const shown = run("pulumi up --yes --skip-preview --non-interactive --color never 2>&1");
    assert.doesNotMatch(shown, /warning/i);
    assert.match(shown, /^lab recover\n/);
    assert.equal(run("pulumi stack output answer").trim(), "42");
    run("pulumi preview --expect-no-changes; pulumi refresh --yes; pulumi config; pulumi destroy --yes");
    assert.deepEqual(readdirSync(checkout.dir).sort(), [".lab", ...before].sort());
    assert.equal(readdirSync(checkout.path(".lab/config")).join(), "Pulumi.dev.yaml");
    assert.equal(statSync(checkout.path(".lab/passphrase")).mode & 0o777, 0o600);
    const inPlace = readdirSync(checkout.path(".lab/pulumi"), { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith(".attrs"),
    );
    assert.deepEqual(
      inPlace,
      [],
      "files that the backend does not replace in one step: a kill leaves half of one",
    );
  });

  it("env keeps the user's PATH and a passphrase in the environment does not get in the way", () => {
    const path = checkout.ok(
      'PATH="/my own/bin:$PATH"; for i in 1 2; do eval "$(toolchain/env.sh)"; done; echo "$PATH"',
    );
    assert.equal(path.split("/.edge-lab/bin").length, 2);
    assert.match(path, /:\/my own\/bin:/);
    const passphrase = checkout.ok('eval "$(toolchain/env.sh)"; echo "[${PULUMI_CONFIG_PASSPHRASE-unset}]"', {
      PULUMI_CONFIG_PASSPHRASE: "other",
    });
    assert.equal(passphrase.trim(), "[unset]");
  });

  it("creates nothing when told so, and with.sh only with --stack", () => {
    checkout.ok("toolchain/env.sh; toolchain/with.sh true", { EDGE_LAB_NO_INIT: "1" });
    checkout.ok("toolchain/with.sh true");
    assert.equal(existsSync(checkout.path(".lab")), false);
    checkout.ok("toolchain/with.sh --stack true");
    assert.ok(existsSync(checkout.path(".lab/pulumi/.pulumi/stacks/edge-lab/dev.json")));
  });

  it("with.sh passes arguments and the exit status on", () => {
    const { status, stdout } = checkout.bash(
      `toolchain/with.sh bash -c 'printf "[%s]" "$@"; exit 7' x "a b" '$c'`,
    );
    assert.deepEqual({ status, stdout }, { status: 7, stdout: "[a b][$c]" });
  });

  it("reads the state directory of the chosen stack", () => {
    for (const [text, wanted] of [
      ["  edge-lab:stateDir: /srv/lab state # here", "/srv/lab state"],
      ['  edge-lab:stateDir: "relative dir"', checkout.path("relative dir")],
      ["  'edge-lab:stateDir': '/srv/quoted'", "/srv/quoted"],
      ["  # edge-lab:stateDir: /no", checkout.path(".lab")],
      ["  edge-lab:builder: debian", checkout.path(".lab")],
    ] as const) {
      checkout.write("Pulumi.rhel.yaml", `config:\n${text}\n`);
      const state = checkout.ok("toolchain/with.sh bash -c 'echo \"$EDGE_LAB_STATE $PULUMI_STACK\"'", {
        PULUMI_STACK: "rhel",
      });
      assert.equal(state.trim(), `${wanted} rhel`);
    }
  });

  describe("with a Pulumi on the host", () => {
    const pulumi = (version: string): void => {
      checkout.program(
        "pulumi",
        `case $1 in version) echo ${version} ;; plugin) exit 1 ;; *) echo official ;; esac`,
      );
    };

    it("uses it, and builds the plugins that it cannot install", () => {
      pulumi("v3.270.0");
      assert.equal(checkout.ok("toolchain/with.sh pulumi hello").trim(), "official");
      assert.match(link("engine/pulumi"), /\/pulumi$/);
      assert.doesNotMatch(link("engine/pulumi"), /\/toolchain\/cli-/);
      assert.match(link("plugins/pulumi-resource-command"), /\/toolchain\/command-/);
    });

    it("builds one where it is too old", () => {
      pulumi("v3.100.0");
      const { stderr } = checkout.bash("toolchain/setup.sh");
      assert.match(stderr, /v3\.100\.0 and 3\.\d+\.0 is needed/);
      assert.match(link("engine/pulumi"), /\/toolchain\/cli-/);
    });
  });

  it("uses the host's Node where it is new enough, else that of the package", () => {
    for (const [version, linked] of [
      ["18.20.0", true],
      ["22.1.0", false],
      ["24.0.0", false],
    ] as const) {
      checkout.program("node", `echo ${version}`);
      checkout.ok("toolchain/setup.sh");
      assert.equal(existsSync(checkout.path("node_modules/.edge-lab/bin/node")), linked, version);
    }
  });

  describe("without a Go that is new enough", () => {
    const find = (go: string): { status: number | null; stderr: string; stdout: string } =>
      checkout.bash(`
        source toolchain/lib/common.sh; source toolchain/lib/golang.sh
        go_candidates() { echo ${go}; }; python3() { return 1; }
        find_go; echo "$GO $GOTOOLCHAIN"`);

    it("says in one line what is missing and how to get it", () => {
      const { status, stderr } = find("/nowhere/go");
      assert.equal(status, 1);
      assert.match(stderr, /^toolchain: Go 1\.\d+\.\d+ or newer is needed .* install Go, .*\n$/);
    });

    it("lets one that can fetch a newer one do so", () => {
      const go = checkout.program("go", "echo go version go1.22.1 linux/amd64");
      assert.match(find(go).stdout, /\/go go1\.\d+\.\d+\n$/);
    });
  });
});
