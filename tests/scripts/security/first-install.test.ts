import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { renderKickstart } from "../../../lib/kickstart";
import { kickstartArgs } from "../../support/kickstart";
import { TempDir } from "../../support/tempProject";
import { needs } from "../support/sandbox";

const BUILDER = resolve("assets/builders/debian");
const REF = "debian/trixie/x86_64/edge";

/** A key as the builder makes it, and a repository with one commit, signed by the key of a folder or not at all. */
class Publisher {
  constructor(readonly dir: string) {
    mkdirSync(join(dir, "signing"), { mode: 0o700, recursive: true });
    this.bash(`signing_make; mkdir -p "$STATE/tree/usr"; echo content >"$STATE/tree/usr/file"
      ostree init --repo="$STATE/repo" --mode=archive`);
  }

  bash(script: string): string {
    const { status, stdout, stderr } = spawnSync(
      "bash",
      [
        "-euc",
        `here=${BUILDER}; . $here/lib/common.sh; . $here/lib/sign.sh
         STATE=${this.dir} LOG=${this.dir}/log SIGNING_HOME=${this.dir}/signing; : >>$LOG; ${script}`,
      ],
      { encoding: "utf8" },
    );
    assert.equal(status, 0, stderr);
    return stdout;
  }

  publish(signed: boolean): void {
    const sign = `--gpg-sign="$SIGNING_KEY" --gpg-homedir="$SIGNING_HOME"`;
    this.bash(
      `signing_read; ostree commit --repo="$STATE/repo" --branch=${REF} --tree=dir="$STATE/tree" ${signed ? sign : ""}`,
    );
  }

  end(): void {
    spawnSync("gpgconf", ["--homedir", join(this.dir, "signing"), "--kill", "all"]);
  }
}

describe("the first installation", () => {
  const dir = new TempDir("edge-in-");
  const made: Publisher[] = [];
  let lab: Publisher;
  let other: Publisher;
  before(function () {
    needs(this, "bwrap", "ostree", "gpg");
    lab = new Publisher(join(dir.path, "lab"));
    other = new Publisher(join(dir.path, "other"));
    made.push(lab, other);
  });
  after(() => {
    for (const publisher of made) publisher.end();
    dir.remove();
  });

  /** What the ISO carries: the kickstart with the lab's key; the repository is whatever answers at its address. */
  const medium = (change: (text: string) => string = (text) => text): string => {
    const text = renderKickstart(kickstartArgs({}, { repoUrl: "file:///repo" }));
    const path = join(dir.path, "ks.cfg");
    writeFileSync(path, change(text) + lab.bash("signing_pre"));
    return path;
  };

  /** Runs the installer's own steps up to the pulled commit, in a root of their own. */
  const install = (kickstart: string, repo: string): { status: number | null; text: string } => {
    const root = new TempDir("edge-root-");
    for (const name of ["run", "target", "trusted"]) mkdirSync(join(root.path, name));
    copyFileSync(kickstart, join(root.path, "ks.cfg"));
    const parts = ["log", "kickstart", "scripts", "commit"]
      .map((name) => `. /installer/${name}.sh`)
      .join("; ");
    const { status, stdout, stderr } = spawnSync(
      "bwrap",
      [
        ...["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"],
        ...["bin", "sbin", "lib", "lib64"].flatMap((name) => ["--symlink", `usr/${name}`, `/${name}`]),
        ...[
          "--proc",
          "/proc",
          "--dev",
          "/dev",
          "--tmpfs",
          "/tmp",
          "--tmpfs",
          "/sys/class/net/eth9/statistics",
        ],
        ...["--ro-bind", `${BUILDER}/installer/lib`, "/installer", "--ro-bind", repo, "/repo"],
        ...["--bind", join(root.path, "run"), "/run", "--bind", join(root.path, "target"), "/target"],
        ...["--bind", join(root.path, "trusted"), "/usr/share/ostree/trusted.gpg.d"],
        ...["--ro-bind", join(root.path, "ks.cfg"), "/ks.cfg"],
        ...["--unshare-all", "--cap-add", "ALL", "--die-with-parent", "dash", "-euc"],
        `${parts}; echo 0 >/sys/class/net/eth9/statistics/rx_bytes; NIC=eth9
         failed() { echo "FAILED: $*"; cat "$LOG"; exit 1; }
         kickstart_read /ks.cfg; scripts_run pre /; commit_pull`,
      ],
      { encoding: "utf8", env: { PATH: "/usr/sbin:/usr/bin", HOME: "/root", LC_ALL: "C.UTF-8" } },
    );
    root.remove();
    return { status, text: `${stdout}${stderr}` };
  };

  it("takes the commit that the lab signed", () => {
    lab.publish(true);
    const { status, text } = install(medium(), join(lab.dir, "repo"));
    assert.equal(status, 0, text);
    assert.match(text, /pulled: \d+ files/);
  });

  it("refuses one that nobody signed, whoever serves it", () => {
    lab.publish(false);
    const { status, text } = install(medium(), join(lab.dir, "repo"));
    assert.equal(status, 1, text);
    assert.match(text, /FAILED: ostree pull of .*GPG verification enabled, but no signatures found/s);
  });

  it("refuses one that somebody else signed", () => {
    other.publish(true);
    const { status, text } = install(medium(), join(other.dir, "repo"));
    assert.equal(status, 1, text);
    assert.match(text, /FAILED: ostree pull of .*public key not found/s);
  });

  it("takes any only where a kickstart says --nogpg, which the lab's never does", () => {
    assert.ok(!renderKickstart(kickstartArgs({}, { installer: "anaconda" })).includes("nogpg"));
    const unchecked = medium((text) => text.replace(/^(ostreesetup .*)$/m, "$1 --nogpg"));
    const { status, text } = install(unchecked, join(other.dir, "repo"));
    assert.equal(status, 0, text);
  });
});
