import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { TempDir } from "../../support/tempProject";

/** The `pulumi` of a prepared shell, with stand-ins for the engine and the lab's own program, which tell their words. */
describe("plain pulumi", () => {
  const project = new TempDir().copy("toolchain/pulumi.sh");
  const links = join(project.path, "node_modules/.edge-lab");
  before(() => {
    for (const dir of ["bin", "engine"]) mkdirSync(join(links, dir), { recursive: true });
    symlinkSync(join(project.path, "toolchain/pulumi.sh"), join(links, "bin/pulumi"));
    const program = (path: string, name: string): void =>
      writeFileSync(
        join(links, path),
        `#!/bin/bash\necho "${name} $*"\n[[ $name != node || -z \${FAIL:-} ]]\n`.replace("$name", name),
        { mode: 0o755 },
      );
    program("bin/node", "node");
    program("engine/pulumi", "engine");
  });
  after(() => project.remove());

  const run = (words: string, env: Record<string, string> = {}, cwd = project.path): string => {
    const { stdout, stderr } = spawnSync(join(links, "bin/pulumi"), words.split(" "), {
      encoding: "utf8",
      cwd,
      env: { PATH: process.env["PATH"] ?? "", EDGE_LAB_STATE: "/state", PULUMI_STACK: "dev", ...env },
    });
    return stderr + stdout;
  };
  const NODE = "node --import tsx cli/main.ts";

  for (const [words, mends] of [
    ["up --yes", "recover"],
    ["up --yes --stack dev", "recover"],
    ["--color never -s organization/edge-lab/dev up -y", "recover"],
    ["update", "recover"],
    ["refresh --yes", "recover"],
    ["destroy -y", "recover --libvirt"],
    ["preview --diff", "recover --preview"],
    ["pre --stack=dev", "recover --preview"],
  ] as const) {
    it(`${words}: mends first what a killed run left (${mends})`, () => {
      assert.equal(run(words), `${NODE} ${mends}\nengine ${words}\n`);
    });
  }

  for (const words of [
    "stack output --json",
    "up --help",
    "config set edge-lab:x up",
    "cancel --yes",
    "up --stack other",
    "version",
  ]) {
    it(`${words}: is Pulumi's alone`, () => assert.equal(run(words), `engine ${words}\n`));
  }

  it("is Pulumi's alone in another folder, and for the lab's own program, which has mended already", () => {
    assert.equal(run("up", {}, "/"), "engine up\n");
    assert.equal(run("up", { EDGE_LAB_RECOVERED: "1" }), "engine up\n");
  });

  it("does not begin when that failed", () => {
    assert.equal(run("up", { FAIL: "1" }), `${NODE} recover\n`);
  });
});
