import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { skipBecause } from "../support/skip";

const ROOT = resolve(__dirname, "../..");

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}:\n${stdout}${stderr}`);
  return stdout;
}

/** These tests compile, which takes minutes without a cache. */
describe("toolchain: sources", function () {
  this.timeout("15m");

  before(function () {
    if (spawnSync("toolchain/go.sh", ["plugins", "version"], { cwd: ROOT }).status !== 0) {
      skipBecause(this, "there is no Go, and none can be fetched");
    }
  });

  it("the plugins' own packages are vetted and pass their tests", () => {
    const packages = ["./process", "./local", "./nodejs", "./libvirt"];
    run("toolchain/go.sh", "plugins", "vet", ...packages);
    run("toolchain/go.sh", "plugins", "test", ...packages);
  });

  it("the modules are tidy", () => {
    for (const module of ["cli", "plugins"]) run("toolchain/go.sh", module, "mod", "tidy", "-diff");
  });

  it("what is generated is what is committed", () => {
    const out = mkdtempSync(join(tmpdir(), "edge-lab-generated-"));
    try {
      run("toolchain/generate.sh", out);
      run("diff", "-r", join(out, "sdks/libvirt"), "sdks/libvirt");
      for (const file of ["schema.json", "bridge-metadata.json"]) {
        for (const name of ["libvirt", "random"]) {
          const path = `toolchain/plugins/${name}/${file}`;
          run("cmp", join(out, path), path);
        }
      }
    } finally {
      rmSync(out, { recursive: true });
    }
  });
});
