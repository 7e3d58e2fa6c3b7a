import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { skipBecause } from "../../support/skip";
import { TempDir } from "../../support/tempProject";

const CHECK = "/usr/lib/greenboot/check/required.d/99_scenario.sh";
const CONTEXTS = `/.* system_u:object_r:default_t:s0
/usr(/.*)? system_u:object_r:usr_t:s0
/usr/lib/greenboot/.*\\.sh -- system_u:object_r:bin_t:s0
`;

describe("osbuild builder: a release derived from another one", () => {
  let dir: TempDir;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the builder needs root");
  });
  beforeEach(() => {
    dir = new TempDir();
  });
  afterEach(() => dir.remove());

  const write = (path: string, text: string): void => {
    mkdirSync(join(dir.path, "tree", path, ".."), { recursive: true });
    writeFileSync(join(dir.path, "tree", path), text);
  };
  const ostree = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync("ostree", [`--repo=${join(dir.path, "repo")}`, ...args], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    return stdout.trim();
  };
  /** A commit with a kernel, like those from the image builder. */
  const base = (): string => {
    write("usr/lib/modules/5.14/vmlinuz", "kernel");
    write("usr/lib/modules/5.14/initramfs.img", "five!");
    write("usr/lib/edge/release", "0.0.1\n");
    ostree("init", "--mode=archive");
    return ostree(
      "commit",
      "--branch=r",
      `--tree=dir=${join(dir.path, "tree")}`,
      "--bootable",
      "--owner-uid=0",
    );
  };
  const derive = (commit: string): { commit: string; delta: { bytes: number } } => {
    const { status, stdout, stderr } = spawnSync(resolve("assets/builders/osbuild/derive"), {
      encoding: "utf8",
      input: JSON.stringify({
        stateDir: join(dir.path, "state"),
        repo: join(dir.path, "repo"),
        base: commit,
        version: "0.0.1+required.1",
        ref: "r",
        files: [{ path: CHECK, content: "exit 1\n", mode: "0755" }],
        initramfs: null,
      }),
    });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as { commit: string; delta: { bytes: number } };
  };

  it("has its base's files and its own, tells its own version, and comes as a delta", () => {
    const { commit, delta } = derive(base());
    assert.equal(ostree("cat", commit, CHECK), "exit 1");
    assert.equal(ostree("cat", commit, "/usr/lib/modules/5.14/vmlinuz"), "kernel");
    assert.equal(ostree("cat", commit, "/usr/lib/edge/release"), "0.0.1+required.1");
    assert.equal(ostree("rev-parse", "scenario/0.0.1_required.1"), commit);
    assert.ok(delta.bytes > 0);
  });

  it("is labelled by the base's SELinux policy: a device would run nothing of it otherwise", () => {
    write("usr/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n");
    write("usr/etc/selinux/targeted/contexts/files/file_contexts", CONTEXTS);
    write("usr/etc/selinux/targeted/policy/policy.33", "policy");
    const { commit } = derive(base());
    const listed = ostree("ls", "-X", commit, CHECK);
    assert.match(listed, /security\.selinux', b'system_u:object_r:bin_t:s0'/);
    assert.match(ostree("ls", "-X", commit, "/usr/lib/edge/release"), /object_r:usr_t:s0/);
  });
});
