import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Below the project, so that the tests in it find its modules. */
const base = join(process.cwd(), "node_modules", ".edge-lab");
const passing = 'describe("first", () => { it("passes", () => {}); it("too", () => {}); });';

describe("tests/run.sh", () => {
  let tests: string;
  beforeEach(() => {
    mkdirSync(base, { recursive: true });
    tests = mkdtempSync(join(base, "tests-"));
    // The host's users are those of the tests that run beside this one: it has its own.
    mkdirSync(join(tests, "bin"));
    writeFileSync(join(tests, "users"), "root:x:0:0\nedge-lab-web:x:999:999\n");
    program("getent", 'cat "$here/users"');
    program("userdel", '! grep -q "^$1:.*busy" "$here/users" && sed -i "/^$1:/d" "$here/users"');
  });
  afterEach(() => rmSync(tests, { recursive: true, force: true }));

  const program = (name: string, text: string): void =>
    writeFileSync(join(tests, "bin", name), `#!/bin/bash\nhere='${tests}'\n${text}\n`, { mode: 0o755 });
  const put = (suite: string, name: string, text: string): void => {
    mkdirSync(join(tests, suite), { recursive: true });
    writeFileSync(join(tests, suite, `${name}.test.ts`), text);
  };
  const run = (...suites: string[]): { status: number | null; text: string; last: string | undefined } => {
    const { EDGE_LAB_TEST_COUNTS: _, ...env } = process.env;
    const result = spawnSync("tests/run.sh", suites, {
      encoding: "utf8",
      env: { ...env, EDGE_LAB_TESTS: tests, PATH: `${join(tests, "bin")}:${process.env.PATH}` },
    });
    const text = `${result.stdout}${result.stderr}`;
    return { status: result.status, text, last: result.stdout.trimEnd().split("\n").pop() };
  };

  it("sums the counts of all suites and names those without tests", () => {
    put("unit", "a", passing);
    put("scripts", "b", passing);
    const { status, text, last } = run("all");
    assert.equal(last, "4 passed, 0 failed, 0 skipped", text);
    assert.equal(status, 0);
    assert.match(text, /suite e2e: there are no tests/);
  });

  for (const { what, comment, left, last } of [
    {
      what: "removes the users of services that a suite made",
      comment: "",
      left: "",
      last: "1 passed, 0 failed, 0 skipped",
    },
    {
      what: "names one that could not be removed",
      comment: "busy",
      left: "  scripts: failed: the tests left behind: user edge-lab-depot\n",
      last: "1 passed, 1 failed, 0 skipped",
    },
  ])
    it(`${what}, not those that were there`, () => {
      const users = join(tests, "users");
      const line = `edge-lab-depot:x:998:998:${comment}\n`;
      put(
        "scripts",
        "a",
        `import { appendFileSync } from "node:fs";
         it("makes one", () => appendFileSync(${JSON.stringify(users)}, ${JSON.stringify(line)}));`,
      );
      const ended = run("scripts");
      assert.equal(ended.last, last, ended.text);
      assert.ok(ended.text.includes(left), ended.text);
      assert.equal(readFileSync(users, "utf8"), `root:x:0:0\nedge-lab-web:x:999:999\n${comment ? line : ""}`);
    });

  it("runs what only computes beside e2e, which can wait for its end", () => {
    const helper = JSON.stringify(join(process.cwd(), "tests/e2e/support/alone"));
    const seen = JSON.stringify(join(tests, "seen"));
    const fs = 'import { appendFileSync, existsSync, readFileSync } from "node:fs";';
    const pause = "await new Promise((next) => setTimeout(next, 100));";
    put(
      "unit",
      "a",
      `${fs} it("meets e2e", async () => {
         while (!(existsSync(${seen}) && readFileSync(${seen}, "utf8").includes("e2e begins"))) ${pause}
         appendFileSync(${seen}, "unit ends\\n");
       });`,
    );
    put("engine", "b", `${fs} it("too", () => appendFileSync(${seen}, "engine ends\\n"));`);
    put("scripts", "c", `${fs} it("first", () => appendFileSync(${seen}, "scripts end\\n"));`);
    put(
      "e2e",
      "d",
      `${fs} import { alone } from ${helper};
       it("begins", () => appendFileSync(${seen}, "e2e begins\\n"));
       it("is alone", async () => { await alone(); appendFileSync(${seen}, "e2e is alone\\n"); });`,
    );
    const { status, text, last } = run("all");
    assert.equal(last, "5 passed, 0 failed, 0 skipped", text);
    assert.equal(status, 0);
    assert.deepEqual(readFileSync(join(tests, "seen"), "utf8").split("\n"), [
      "scripts end",
      "e2e begins",
      "unit ends",
      "engine ends",
      "e2e is alone",
      "",
    ]);
  });

  // Files run one after the other in one of these suites, side by side in the other.
  for (const [suite, other, unfinished] of [
    ["unit", "scripts", /the suite did not run to its end/],
    // mocha itself counts a file whose process fails as one failure, and names it.
    ["scripts", "unit", /scripts: failed: /],
  ] as const) {
    describe(`a suite like ${suite}`, () => {
      it("fails where one test fails, and names it again at the end", () => {
        put(suite, "a", `${passing} it("breaks", () => { throw new Error("x"); });`);
        const { status, text, last } = run(suite);
        assert.equal(last, "2 passed, 1 failed, 0 skipped", text);
        assert.equal(status, 1);
        assert.match(text, new RegExp(`${suite}: failed: breaks`));
      });

      it("fails where a hook fails", () => {
        put(
          suite,
          "a",
          'describe("s", () => { before(() => { throw new Error("x"); }); it("a", () => {}); });',
        );
        const { status, text, last } = run(suite);
        assert.equal(last, "0 passed, 1 failed, 0 skipped", text);
        assert.equal(status, 1);
      });

      for (const [what, code] of [
        ["cannot be loaded", 'throw new Error("no");'],
        ["ends the process with status 0", `${passing} it("leaves", () => process.exit(0));`],
        ["holds no test", "export {};"],
        ["has an exclusive test", 'it.only("alone", () => {});'],
      ] as const) {
        it(`fails where a file ${what}`, () => {
          put(suite, "a", code);
          put(other, "b", passing);
          const { status, text, last } = run("all");
          assert.equal(last, "2 passed, 1 failed, 0 skipped", text);
          assert.equal(status, 1);
          assert.match(text, unfinished);
        });
      }

      it("fails where a test leaves something in the temporary folder, names it and removes it", () => {
        put(
          suite,
          "a",
          `const { mkdtempSync } = require("node:fs"); const { tmpdir } = require("node:os");
           it("leaves a folder", () => { process.stdout.write("<" + mkdtempSync(tmpdir() + "/forgotten-") + ">"); });`,
        );
        put(other, "b", passing);
        const { status, text, last } = run("all");
        assert.equal(last, "3 passed, 1 failed, 0 skipped", text);
        assert.equal(status, 1);
        assert.match(text, new RegExp(`${suite}: failed: the tests left behind: forgotten-\\w+$`, "m"));
        const path = /<(.*)>/.exec(text)?.[1] ?? "";
        assert.match(path, /\/edge-\w+\/forgotten-/);
        assert.equal(existsSync(join(path, "..")), false);
      });

      it("counts a skip that has a reason, and names it", () => {
        const helper = JSON.stringify(join(process.cwd(), "tests/support/skip"));
        put(
          suite,
          "a",
          `import { skipBecause } from ${helper};
           it("one", function () { skipBecause(this, "no moon tonight"); });
           describe("s", () => { before(function () { skipBecause(this, "no sun"); }); it("two", () => {}); });`,
        );
        const { status, text, last } = run(suite);
        assert.equal(last, "0 passed, 0 failed, 2 skipped", text);
        assert.equal(status, 0);
        assert.match(text, /skipped: one: no moon tonight/);
        assert.match(text, /skipped: s two: no sun/);
      });

      it("fails where a test is skipped without a reason", () => {
        put(suite, "a", 'it("a", () => {}); it.skip("b", () => {});');
        const { status, text, last } = run(suite);
        assert.equal(last, "1 passed, 1 failed, 0 skipped", text);
        assert.equal(status, 1);
      });
    });
  }

  it("refuses a suite that it does not know", () => {
    const { status, text } = run("nightly");
    assert.equal(status, 2);
    assert.match(text, /usage:/);
  });

  it("is what CI runs, through npm test and nothing else", () => {
    const { scripts } = JSON.parse(execFileSync("cat", ["package.json"], { encoding: "utf8" })) as {
      scripts: Record<string, string>;
    };
    assert.equal(scripts["test"], "./toolchain/with.sh tests/run.sh all");
    const lines = execFileSync("cat", [".ci/run"], { encoding: "utf8" }).split("\n");
    const commands = lines.filter(
      (l) => l !== "" && !l.startsWith("#") && !l.startsWith("set ") && !l.startsWith("cd "),
    );
    assert.deepEqual(commands, ["exec npm test"]);
  });
});
