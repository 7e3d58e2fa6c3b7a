import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { skipBecause } from "../../support/skip";

/** Callers with different environments; all must give the same result. */
const CALLERS: readonly { name: string; umask: string; env: Record<string, string> }[] = [
  { name: "an English one", umask: "022", env: { LANG: "en_US.UTF-8" } },
  {
    name: "a German one with umask 077",
    umask: "077",
    env: { LC_ALL: "de_DE.UTF-8", LANG: "de_DE.UTF-8", LANGUAGE: "de:en" },
  },
  {
    name: "one with umask 000 and a short PATH",
    umask: "000",
    env: { LC_MESSAGES: "de_DE.UTF-8", LANGUAGE: "de", PATH: "/usr/bin:/bin" },
  },
];

describe("the caller's locale, umask and PATH change nothing", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "edge-caller-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

  /** What a command line sees when that caller starts it in bash. */
  const seen = (caller: (typeof CALLERS)[number], line: string): string => {
    const { PATH: path = "" } = process.env;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", `umask ${caller.umask}; ${line}`], {
      encoding: "utf8",
      env: { PATH: path, HOME: dir, EDGE_STATE_DIR: join(dir, "state"), ...caller.env },
    });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const PROBE = `umask; echo "$LC_ALL,\${LANGUAGE-none}"; mkdir -p "$D/d"; : >"$D/f"
    (umask 077 && : >"$D/s"); command -v ldconfig >/dev/null && echo sbin; printf '%s\\n' b A a B | sort | paste -sd,`;
  const EXPECTED = "0022\nC.UTF-8,none\nsbin\nA,B,a,b\n";
  const modes = (): number[] => ["d", "f", "s"].map((name) => statSync(join(dir, name)).mode & 0o777);

  for (const caller of CALLERS) {
    it(`in host scripts: ${caller.name}`, function () {
      if (process.getuid?.() !== 0) skipBecause(this, "needs root");
      const prologue = "set -euo pipefail; . assets/host/lib/prologue.sh";
      assert.equal(seen(caller, `${prologue}; D='${dir}'; ${PROBE}`), EXPECTED);
      assert.deepEqual(modes(), [0o755, 0o644, 0o600]);
    });

    it(`in the toolchain, and what it starts: ${caller.name}`, () => {
      const common = "set -euo pipefail; . toolchain/lib/common.sh";
      assert.equal(
        seen(caller, `${common}; D='${dir}' exec bash -c '${PROBE.replaceAll("'", "'\\''")}'`),
        EXPECTED,
      );
      assert.deepEqual(modes(), [0o755, 0o644, 0o600]);
    });

    it(`in a program that a resource runs: ${caller.name}`, function () {
      if (process.getuid?.() !== 0) skipBecause(this, "needs root");
      const probe = join(dir, "probe.ts");
      writeFileSync(
        probe,
        `import { execFileSync } from "node:child_process";
        process.stdout.write(execFileSync("bash", ["-c", process.env["PROBE"] ?? ""], { encoding: "utf8" }));`,
      );
      // The caller's PATH has the lab's own Node, if there is one.
      const path = caller.env["PATH"] ?? process.env["PATH"] ?? "";
      const node = join(process.execPath, "..");
      const program = { ...caller, env: { ...caller.env, PATH: `${node}:${path}`, PROBE, D: dir } };
      assert.equal(seen(program, `exec ./assets/host/node.sh '${probe}'`), EXPECTED);
      assert.deepEqual(modes(), [0o755, 0o644, 0o600]);
    });
  }

  it("in what npm run -s env prints: the shell that reads it keeps its own", () => {
    const [, german] = CALLERS;
    assert.ok(german);
    const lines =
      "set -euo pipefail; . toolchain/lib/common.sh; . toolchain/lib/state.sh; set_environment; print_environment";
    const printed = seen(german, lines);
    assert.match(printed, /^export EDGE_LAB_STATE=/m);
    assert.doesNotMatch(printed, /LC_ALL|LANGUAGE|umask/);
  });

  it("npm's own folder of programs is not the host's", () => {
    const bin = join(dir, "node_modules/.bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "sort"), "#!/bin/sh\n", { mode: 0o755 });
    const [caller] = CALLERS;
    assert.ok(caller);
    const env = { ...caller.env, PATH: `${bin}:/usr/bin:/bin` };
    assert.match(
      seen({ ...caller, env }, ". toolchain/lib/common.sh; on_host sort"),
      /^\/(usr\/)?bin\/sort\n$/,
    );
  });
});
