import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { skipBecause } from "../../support/skip";

const BUILDER = "assets/builders/debian";

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe("debian builder, the quick verbs", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "edge-builder-"))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const verb = (name: string, input: unknown, env: Record<string, string> = {}): Outcome => {
    const { status, stdout, stderr } = spawnSync(join(BUILDER, name), {
      encoding: "utf8",
      input: typeof input === "string" ? input : JSON.stringify(input),
      env: { ...process.env, ...env },
    });
    return { status, stdout, stderr };
  };
  const bash = (script: string): Outcome => {
    const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  it("list-types names the two image types", () => {
    assert.deepEqual(JSON.parse(verb("list-types", {}).stdout), { types: ["edge-commit", "edge-installer"] });
  });

  it("push-blueprint keeps the text and answers its name and version, not those of a table", () => {
    const blueprint =
      '# RFE\nname = "RFE"\nversion = \'1.2.3\'\n\n[[packages]]\nname = "jq"\nversion = "*"\n';
    const { stdout } = verb("push-blueprint", { stateDir: dir, cacheDir: dir, blueprint });
    assert.equal(stdout, '{"name":"RFE","version":"1.2.3"}\n');
    assert.equal(readFileSync(join(dir, "blueprints/RFE.toml"), "utf8").trimEnd(), blueprint.trimEnd());
  });

  it("push-blueprint refuses a blueprint whose only name is in a table", () => {
    const { status, stderr } = verb("push-blueprint", {
      stateDir: dir,
      blueprint: 'version = "0.0.1"\n[[packages]]\nname = "jq"\n',
    });
    assert.equal(status, 1);
    assert.match(stderr, /name '' must be/);
  });

  it("one clear line for input that is no JSON and for a missing field", () => {
    for (const name of ["push-blueprint", "packages", "depsolve"]) {
      assert.match(
        verb(name, "nonsense").stderr,
        new RegExp(`^error: ${name}: stdin must be one JSON object\n`),
      );
    }
    assert.match(verb("packages", {}).stderr, /^error: packages: input: stateDir is missing\n/);
  });

  it("packages says that a release is not composed", () => {
    assert.match(
      verb("packages", { stateDir: dir, version: "9.9.9" }).stderr,
      /release 9\.9\.9 is not composed/,
    );
  });

  describe("depsolve", () => {
    const cacheDir = mkdtempSync(join(tmpdir(), "edge-depsolve-"));
    before(function () {
      this.timeout(90_000);
      const { status, stderr } = verb("depsolve", { cacheDir, packages: [] });
      if (status !== 0)
        skipBecause(this, `no Debian mirror answers: ${stderr.trim().split("\n").at(-1) ?? ""}`);
    });
    after(() => rmSync(cacheDir, { recursive: true, force: true }));

    it("counts what would be installed with the base", () => {
      const none = JSON.parse(verb("depsolve", { cacheDir, packages: [] }).stdout) as { packages: number };
      const some = JSON.parse(
        verb("depsolve", { cacheDir, packages: [{ name: "strace" }] }).stdout,
      ) as typeof none;
      assert.ok(none.packages > 100 && some.packages > none.packages, JSON.stringify([none, some]));
    });

    it("names every package and version that does not exist, at once", () => {
      const packages = [
        { name: "jq", version: "99*" },
        { name: "no-such-one" },
        { name: "curl", version: "*" },
        { name: "no-such-two", version: "*" },
      ];
      const { status, stderr } = verb("depsolve", { cacheDir, packages });
      assert.equal(status, 1);
      assert.match(stderr, /jq \(version 99\*; there is [^)]+\), no-such-one, no-such-two; .*correct/);
      assert.doesNotMatch(stderr, /curl/);
    });

    it("refuses what is no package name before it reaches apt", () => {
      const { status, stderr } = verb("depsolve", {
        cacheDir,
        packages: [{ name: "--option" }, { name: "a b" }],
      });
      assert.equal(status, 1);
      assert.match(stderr, /not a Debian package name and version: --option , a b/);
    });

    it("names the fix where the mirror is none", () => {
      const other = join(dir, "cache");
      const { status, stderr } = verb(
        "depsolve",
        { cacheDir: other, packages: [] },
        { EDGE_DEBIAN_MIRROR: "http://127.0.0.1:1/debian" },
      );
      assert.equal(status, 1);
      assert.match(stderr, /no source of this host gives Debian trixie.*set EDGE_DEBIAN_MIRROR/);
    });
  });

  it("grub-gen puts the deployment with the highest version first", () => {
    const entries = join(dir, "entries");
    mkdirSync(entries);
    for (const [file, version] of [
      ["ostree-1.conf", 1],
      ["ostree-2.conf", 2],
    ] as const) {
      writeFileSync(
        join(entries, file),
        `title Edge's ${String(version)}\nversion ${String(version)}\noptions root=LABEL=root rw\nlinux /v${String(version)}\ninitrd /i${String(version)}\n`,
      );
    }
    const { status, stderr } = bash(`assets/guest/usr/libexec/edge/grub-gen -o '${dir}/grub.cfg'`);
    assert.equal(status, 0, stderr);
    assert.equal(
      readFileSync(join(dir, "grub.cfg"), "utf8"),
      "menuentry 'Edges 2' {\n  linux /v2 root=LABEL=root rw\n  initrd /i2\n}\n" +
        "menuentry 'Edges 1' {\n  linux /v1 root=LABEL=root rw\n  initrd /i1\n}\n",
    );
  });
});
