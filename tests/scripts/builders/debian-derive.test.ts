import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { needs } from "../support/sandbox";

const REF = "test/edge";
const INITRAMFS = "/usr/lib/modules/6.1-test/initramfs.img";

describe("builders: a release derived from another one", function () {
  this.timeout("120s");
  let dir: string;
  let repo: string;
  let base: string;
  before(function () {
    needs(this, "ostree", "gpg", "jq", "cpio", "flock", "unshare");
    dir = mkdtempSync(join(tmpdir(), "edge-derive-"));
    repo = join(dir, "repo");
    const tree = join(dir, "tree");
    mkdirSync(join(tree, "usr/lib/modules/6.1-test"), { recursive: true });
    mkdirSync(join(tree, "usr/share"));
    writeFileSync(join(tree, INITRAMFS), "five!");
    writeFileSync(join(tree, "usr/lib/modules/6.1-test/vmlinuz"), "kernel");
    writeFileSync(join(tree, "usr/share/old"), "old");
    ostree("init", "--mode=archive");
    base = ostree("commit", `--branch=${REF}`, `--tree=dir=${tree}`, "--bootable").trim();
  });
  after(() => {
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  const ostree = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync("ostree", [`--repo=${repo}`, ...args], {
      encoding: "latin1",
    });
    assert.equal(status, 0, `ostree ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const derive = (change: object, builder = "debian"): ReturnType<typeof spawnSync> =>
    spawnSync(`assets/builders/${builder}/derive`, {
      encoding: "utf8",
      input: JSON.stringify({
        stateDir: dir,
        repo,
        base,
        version: "0.0.2+test.1",
        ref: REF,
        files: [],
        initramfs: null,
        ...change,
      }),
    });

  it("has its base's files and its own, is bound to the ref, and signed by the lab's key", () => {
    const files = [
      { path: "/usr/share/new", content: 'new "text"\n' },
      { path: "/usr/lib/check.sh", content: "#!/bin/sh\n", mode: "0755" },
      { path: "/usr/lib/link", target: "../share/new" },
    ];
    const { status, stdout, stderr } = derive({ files });
    assert.equal(status, 0, String(stderr));
    const { commit, delta } = JSON.parse(String(stdout)) as { commit: string; delta: { bytes: number } };
    assert.equal(ostree("cat", commit, "/usr/share/old"), "old");
    assert.equal(ostree("cat", commit, "/usr/share/new"), 'new "text"\n');
    assert.match(ostree("ls", commit, "/usr/lib/check.sh"), /^-00755 0 0 /);
    assert.match(ostree("ls", commit, "/usr/lib/link"), /-> \.\.\/share\/new/);
    assert.equal(ostree("rev-parse", `${commit}^`).trim(), base);
    assert.equal(ostree("rev-parse", "scenario/0.0.2_test.1").trim(), commit);
    assert.equal(ostree("show", "--print-metadata-key=version", commit).trim(), "'0.0.2+test.1'");
    assert.match(ostree("show", "--print-metadata-key=ostree.ref-binding", commit), /'test\/edge'/);
    assert.ok(delta.bytes > 0);
    const client = join(dir, "client");
    const remote = ["remote", "add", `--repo=${client}`, `--gpg-import=${dir}/signing/public.gpg`];
    for (const args of [
      ["init", `--repo=${client}`, "--mode=archive"],
      [...remote, "edge", `file://${repo}`],
      ["pull", `--repo=${client}`, "edge", commit],
    ]) {
      const run = spawnSync("ostree", args, { encoding: "utf8" });
      assert.equal(run.status, 0, run.stderr);
    }
    // The base has no signature: the same client refuses it.
    const unsigned = spawnSync("ostree", ["pull", `--repo=${client}`, "edge", base], { encoding: "utf8" });
    assert.match(unsigned.stderr, /GPG/);
  });

  it("puts an /init of its own behind the image's initramfs, where the kernel finds it", () => {
    const { status, stdout, stderr } = derive({ version: "0.0.2+test.2", initramfs: "#!/bin/sh\nexit 1\n" });
    assert.equal(status, 0, String(stderr));
    const { commit } = JSON.parse(String(stdout)) as { commit: string };
    const image = Buffer.from(ostree("cat", commit, INITRAMFS), "latin1");
    assert.equal(image.toString("latin1", 0, 5), "five!");
    assert.equal(image.toString("latin1", 8, 14), "070701");
    const { stdout: listed } = spawnSync("cpio", ["-it", "--quiet"], {
      input: image.subarray(8),
      encoding: "utf8",
    });
    assert.equal(listed, "init\n");
  });

  it("has the time that it is given, or else the present", () => {
    const stamped = (version: string, change: object): number => {
      const { status, stdout, stderr } = derive({ version, ...change });
      assert.equal(status, 0, String(stderr));
      const { commit } = JSON.parse(String(stdout)) as { commit: string };
      return Date.parse(/^Date:\s+(.*)$/m.exec(ostree("show", commit))?.[1] ?? "");
    };
    const future = "2031-02-03T04:05:06.789Z";
    assert.equal(stamped("0.0.2+test.5", { timestamp: future }), Date.parse("2031-02-03T04:05:06Z"));
    const now = stamped("0.0.2+test.6", { timestamp: null });
    assert.ok(Math.abs(now - Date.now()) < 60_000, String(now));
  });

  it("is made by the osbuild backend as well, signed too", () => {
    const files = [{ path: "/usr/share/new", content: "new" }];
    const { status, stdout, stderr } = derive({ version: "0.0.2+test.4", files }, "osbuild");
    assert.equal(status, 0, String(stderr));
    const { commit } = JSON.parse(String(stdout)) as { commit: string };
    assert.equal(ostree("cat", commit, "/usr/share/new"), "new");
    assert.equal(ostree("cat", commit, "/usr/share/old"), "old");
    assert.equal(ostree("rev-parse", "scenario/0.0.2_test.4").trim(), commit);
    assert.match(ostree("show", commit), /Found 1 signature/);
  });

  it("refuses files that no commit can hold", () => {
    for (const path of ["/etc/passwd", "/usr/../etc/passwd"]) {
      const { status, stderr } = derive({ version: "0.0.2+test.3", files: [{ path, content: "" }] });
      assert.equal(status, 1);
      assert.match(String(stderr), /only what lies under \/usr comes with a commit/);
    }
  });
});
