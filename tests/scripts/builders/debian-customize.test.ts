import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIB = "assets/builders/debian/lib";

/** The parts alone, on a small tree; debian-compose.test.ts has them in a whole image. */
describe("debian builder, the blueprint's customizations", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "edge-customize-"));
    for (const path of ["etc/systemd", "usr/lib/systemd", "usr/share/zoneinfo/Europe"]) {
      mkdirSync(join(dir, path), { recursive: true });
    }
    writeFileSync(join(dir, "usr/share/zoneinfo/Europe/Berlin"), "TZif");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const run = (call: string, customizations: unknown): { status: number | null; stderr: string } => {
    const { status, stderr } = spawnSync(
      "bash",
      [
        "-euo",
        "pipefail",
        "-c",
        `die() { echo "error: $*" >&2; exit 1; }; logged() { "$@"; }
        chroot() { shift; [[ $1 == chown ]] || "$@"; }
        . ${LIB}/customize.sh; . ${LIB}/customize-users.sh; ${call} "$1"`,
        "-",
        dir,
      ],
      { encoding: "utf8", env: { ...process.env, INPUT: JSON.stringify({ customizations }) } },
    );
    return { status, stderr };
  };
  const ok = (call: string, customizations: unknown): void => {
    const { status, stderr } = run(call, customizations);
    assert.equal(`${status} ${stderr}`, "0 ");
  };
  const file = (path: string): string => readFileSync(join(dir, path), "utf8");

  it("firewall: ports and ranges become rules", () => {
    ok("customize_firewall", {
      firewall: { accept: ["8080:tcp", "9000-9010:udp", "080:tcp", "7-7:sctp", "1:dccp"], drop: ["22:tcp"] },
    });
    assert.deepEqual(file("usr/lib/edge/nftables.d/blueprint.nft").trim().split("\n").slice(1), [
      "tcp dport 8080 accept",
      "udp dport 9000-9010 accept",
      "tcp dport 80 accept",
      "sctp dport 7 accept",
      "dccp dport 1 accept",
      "tcp dport 22 drop",
    ]);
  });

  for (const port of [
    "70000:tcp",
    "9100-9000:tcp",
    "0:udp",
    "imap:tcp",
    "8080; accept",
    "80:icmp",
    "1-65536:tcp",
  ]) {
    it(`firewall: refuses ${port}, for which nftables would refuse the whole ruleset`, () => {
      const { status, stderr } = run("customize_firewall", { firewall: { accept: [port] } });
      assert.equal(status, 1);
      assert.ok(stderr.startsWith(`error: customizations.firewall: '${port}' must `), stderr);
    });
  }

  it("time: zone and servers, UTC without them", () => {
    ok("customize_time", { timezone: { timezone: "Europe/Berlin", ntpservers: ["192.0.2.1"] } });
    assert.equal(file("etc/timezone"), "Europe/Berlin\n");
    assert.equal(file("etc/localtime"), "TZif");
    assert.match(file("usr/lib/systemd/timesyncd.conf.d/60-blueprint.conf"), /^NTP=192\.0\.2\.1$/m);
    assert.match(run("customize_time", {}).stderr, /the image has no zone 'Etc\/UTC'/);
  });

  it("files: with their parents, in place of what packages brought, and never through a link out of the image", () => {
    writeFileSync(join(dir, "etc/motd"), "old");
    ok("customize_files", {
      directories: [{ path: "/etc/a/b", ensure_parents: true }, { path: "/etc/systemd" }],
      files: [
        { path: "/etc/a/b/c", data: "text" },
        { path: "/etc/motd", data: "new\n" },
      ],
    });
    assert.equal(file("etc/a/b/c"), "text");
    assert.equal(file("etc/motd"), "new\n");
    const bad = (customizations: object): string => run("customize_files", customizations).stderr;
    assert.match(bad({ files: [{ path: "/etc/none/x" }] }), /'\/etc\/none\/x' has no parent directory/);
    assert.match(bad({ directories: [{ path: "/etc/none/x" }] }), /write ensure_parents = true/);
    assert.match(
      bad({ directories: [{ path: "/etc/systemd", mode: "700" }] }),
      /leave out mode, user and group/,
    );
    spawnSync("ln", ["-s", tmpdir(), join(dir, "etc/out")]);
    assert.match(bad({ files: [{ path: "/etc/out/edge-escaped" }] }), /has no parent directory/);
  });

  it("home: where the links at the top of an image lead", () => {
    const home = (path: string): string =>
      spawnSync(
        "bash",
        [
          "-euc",
          `die() { echo "error: $*"; exit 1; }; . ${LIB}/customize-users.sh; home_of me "$1"`,
          "-",
          path,
        ],
        { encoding: "utf8" },
      ).stdout.trim();
    assert.equal(home(""), "/var/home/me");
    assert.equal(home(["", "home", "me"].join("/")), "/var/home/me");
    assert.equal(home("/srv/widget//"), "/var/srv/widget");
    assert.equal(home("/var/lib/me"), "/var/lib/me");
    assert.match(home("/usr/me"), /^error: customizations\.user me: home '\/usr\/me'/);
  });
});
