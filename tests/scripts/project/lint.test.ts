import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

/** What each check of tests/lint.sh covers. */
const checks = {
  eslint: "TypeScript keeps the linter's rules",
  prettier: "TypeScript, JSON and YAML are formatted",
  types: "the compiler finds no error",
  imports: "rooms import what they may, and in one direction",
  shellcheck: "shell scripts pass shellcheck",
  shfmt: "shell scripts are formatted",
  length: "no file of ours is longer than 300 lines",
  swallowed: "no error is swallowed",
  hosts: "no registry or mirror is named",
  homes: "no path of someone's home folder is named",
  leftovers: "no unfinished work is marked",
};

describe("lint", () => {
  for (const [name, what] of Object.entries(checks)) {
    it(what, function () {
      this.timeout("5m");
      const result = spawnSync("tests/lint.sh", [name], { encoding: "utf8" });
      assert.equal(result.status, 0, `tests/lint.sh ${name}:\n${result.stdout}${result.stderr}`);
    });
  }

  it("has a case for every check", () => {
    const { stderr } = spawnSync("tests/lint.sh", ["--help"], { encoding: "utf8" });
    assert.equal(stderr.trim(), `usage: tests/lint.sh [${Object.keys(checks).join(" ")}]`);
  });
});
