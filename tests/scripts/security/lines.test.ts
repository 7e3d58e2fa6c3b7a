import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { HASH, KEY } from "../../support/blueprints";
import { Guest } from "../support/guest";

const LIB = "assets/builders/debian/lib";
/** Sets root's password as well, if it becomes lines of chpasswd's input. */
const TWO_HASHES = "$6$x\nroot:$6$y";

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function bash(script: string, env: Record<string, string> = {}, shell = "bash"): Ended {
  const { status, stdout, stderr } = spawnSync(shell, ["-euc", script], {
    encoding: "utf8",
    // On a socket bash would take itself for a remote shell and read its start files.
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", ...env },
  });
  return { status, stdout, stderr };
}

describe("the debian builder checks the forms of a blueprint's texts itself", () => {
  const check = (customizations: unknown): Ended =>
    bash(
      `die() { echo "error: $*" >&2; exit 1; }; here=assets/builders/debian; . ${LIB}/customize-check.sh
      check_customizations`,
      { INPUT: JSON.stringify({ customizations }) },
    );
  const user = (fields: object): object => ({ user: [{ name: "admin", ...fields }] });

  it("takes what the reference has", () => {
    const { status, stderr } = check({
      hostname: "edge",
      user: [
        {
          name: "admin",
          description: "Administrator, of all; Ž",
          password: HASH,
          key: `${KEY}\r\nssh-rsa AAAA\n`,
          home: "/srv/widget/",
          shell: "/usr/bin/bash",
          groups: ["widget", "wheel"],
          uid: 1200,
        },
        { name: "y", password: "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7" },
      ],
      group: [{ name: "widget", gid: 1130 }],
      sshkey: [{ user: "root", key: KEY }],
      timezone: { timezone: "America/Argentina/Ushuaia", ntpservers: ["0.pool.ntp.org", "2001:db8::1"] },
      locale: { languages: ["C.UTF-8", "ca_ES.UTF-8@valencia"] },
      services: { enabled: ["sshd", "a@b.service"], disabled: [], masked: ["x.socket"] },
      firewall: { accept: ["22:tcp"], drop: ["1-2:udp"] },
      directories: [{ path: "/etc/a b", mode: "0755", user: 0, group: "root" }],
      files: [{ path: "/etc/a b/c", mode: "644", data: "two\nlines\n" }],
    });
    assert.equal(`${status} ${stderr}`, "0 ");
    assert.equal(check({}).status, 0);
  });

  for (const [key, customizations] of [
    ["hostname", { hostname: "a\nb" }],
    ["user.name", { user: [{ name: "admin\nroot" }] }],
    ["user.name", { user: [{ name: "admin\n" }] }],
    ["user.password", user({ password: TWO_HASHES })],
    ["user.password", user({ password: "$6$x\n" })],
    ["user.password", user({ password: "$6$x:0:0" })],
    ["user.password", user({ password: "clear" })],
    ["user.password", user({ password: 5 })],
    ["user.description", user({ description: "x\nroot2::0:0::/:/bin/sh" })],
    ["user.description", user({ description: "x:y" })],
    ["user.home", user({ home: "/srv/x\nf+ /etc/shadow" })],
    ["user.home", user({ home: "/home/../etc" })],
    ["user.home", user({ home: '/srv/x" 0777 root' })],
    ["user.shell", user({ shell: "/bin/sh\n" })],
    ["user.groups", user({ groups: ["users\nsudo"] })],
    ["user.key", user({ key: `${KEY}\u001b[2J` })],
    ["user.keys", user({ keys: [`${KEY}\0`] })],
    ["group.name", { group: [{ name: "a\nb" }] }],
    ["sshkey.user", { sshkey: [{ user: "a\nb", key: KEY }] }],
    ["timezone.timezone", { timezone: { timezone: "../../etc/shadow" } }],
    ["timezone.ntpservers", { timezone: { ntpservers: ["a\nb=c"] } }],
    ["locale.languages", { locale: { languages: ["C\nX=1"] } }],
    ["services", { services: { enabled: ["a\nb"] } }],
    ["firewall", { firewall: { accept: ["80:tcp\n81:tcp"] } }],
    ["files.path", { files: [{ path: "/etc/../shadow", data: "" }] }],
    ["files.path", { files: [{ path: "/etc/x\n", data: "" }] }],
    ["files.mode", { files: [{ path: "/etc/x", mode: "4755" }] }],
    ["directories.user", { directories: [{ path: "/etc/x", user: "a\nb" }] }],
  ] as const) {
    it(`refuses ${JSON.stringify(customizations)}`, () => {
      const { status, stderr } = check(customizations);
      assert.equal(status, 1);
      assert.ok(stderr.startsWith(`error: customizations: not in their form: ${key}; rule: `), stderr);
    });
  }

  it("comes before anything is made", () => {
    const main = readFileSync("assets/builders/debian/compose", "utf8").split("\nmain() {")[1] ?? "";
    assert.ok(main.indexOf("check_customizations") > 0);
    assert.ok(main.indexOf("check_customizations") < main.indexOf("mkdir"));
  });

  for (const hash of [TWO_HASHES, "$6$x:0", "$6$x y", "6$x", "$"]) {
    it(`gives no password ${JSON.stringify(hash)} to chpasswd`, () => {
      const { status, stdout } = bash(
        `die() { echo "error: $*" >&2; exit 1; }; chroot() { echo ran; cat; }; . ${LIB}/customize-users.sh
        user_password / admin "$HASH"`,
        { HASH: hash },
      );
      assert.deepEqual({ status, stdout }, { status: 1, stdout: "" });
    });

    it(`installs no user with ${JSON.stringify(hash)} from a kickstart`, () => {
      const { stdout } = bash(
        `. assets/builders/debian/installer/lib/users.sh; DEPLOYMENT=/; user_home() { :; }
        failed() { echo "FAILED: $*"; exit 1; }; in_system() { echo ran; }; need_ok() { :; }
        value() { case $1 in x_password) printf '%s' "$HASH" ;; x_iscrypted) echo yes ;; esac; }
        user_make root x`,
        { HASH: hash },
        "dash",
      );
      assert.match(stdout, /^FAILED: user root: --password is not/);
    });
  }

  it("installs no user with a strange name from a kickstart", () => {
    for (const name of ["ro.t", "-x", "a b", "a:b", "a\nb"]) {
      const { stdout } = bash(
        `. assets/builders/debian/installer/lib/users.sh; DEPLOYMENT=/; in_system() { echo ran; }
        failed() { echo "FAILED: $*"; exit 1; }; user_make "$NAME" x`,
        { NAME: name },
        "dash",
      );
      assert.match(stdout, /^FAILED: .*is no user name/s);
    }
  });

  it("takes no name or version of a package that is two lines, or ends with a line end", () => {
    for (const wanted of [
      { name: "vim\n" },
      { name: "vim\nssh" },
      { name: "vim", version: "1\n" },
      { name: "vim", version: "1\nssh *" },
    ]) {
      const { status, stderr } = bash(
        `die() { echo "error: $*" >&2; exit 1; }; . ${LIB}/package-list.sh; wanted_packages`,
        { INPUT: JSON.stringify({ packages: [wanted] }) },
      );
      assert.equal(status, 1, JSON.stringify(wanted));
      assert.match(stderr, /^error: packages: not a Debian package name/);
    }
  });
});

describe("a host script", () => {
  it("takes no state directory with a line end, which units and configurations would carry on", () => {
    for (const path of ["/tmp/a\nb", "/tmp/a\n", "/tmp/\u001b[2J", "/tmp/\u0085"]) {
      const { status, stderr } = bash(". assets/host/lib/paths.sh", { EDGE_STATE_DIR: path });
      assert.equal(status, 1, JSON.stringify(path));
      assert.equal(stderr, "error: EDGE_STATE_DIR has a control character\n");
    }
    assert.equal(bash(". assets/host/lib/paths.sh", { EDGE_STATE_DIR: "/tmp/ä b%c" }).status, 0);
  });
});

describe("a device checks the forms of what it is told", () => {
  let guest: Guest;
  beforeEach(() => {
    guest = new Guest();
    guest.write("etc/shadow", "root:*:1::::::\ncore:$6$salt$old:1::::::\n");
    guest.ok("usr/libexec/edge/provision", ["boot"]);
    guest.forgetCalls();
  });
  afterEach(() => guest.remove());

  const settings = {
    advertSeconds: 0.3,
    vipPriority: 255,
    idleSeconds: 60,
    authorizedKeys: ["ssh-ed25519 AAAA me@laptop"],
    passwordHash: "$6$salt$new",
    passwordLogin: false,
  };
  for (const wrong of [
    { passwordHash: TWO_HASHES },
    { passwordHash: "$6$x\n" },
    { passwordHash: "$6$x:0:0" },
    { authorizedKeys: ["ssh-ed25519 AAAA\nssh-rsa BBBB"] },
    { authorizedKeys: ["ssh-ed25519 AAAA\n"] },
    { authorizedKeys: [["ssh-ed25519 AAAA"]] },
    { advertSeconds: "0.3\nEDGE_DEPOT=http://evil" },
    { vipPriority: "255\n}" },
    { passwordLogin: "yes\nPermitRootLogin yes" },
    { idleSeconds: ["60", "EDGE_X=1"] },
  ]) {
    it(`takes no settings with ${JSON.stringify(wrong)}`, () => {
      const { status, stderr } = guest.runWith(
        "usr/libexec/edge/settings",
        JSON.stringify({ ...settings, ...wrong }),
      );
      assert.notEqual(status, 0);
      assert.match(stderr, /not in their form/);
      assert.deepEqual(guest.calls(), []);
      for (const path of ["var/lib/edge/settings.env", "var/lib/edge/password", "var/home/core/.ssh"])
        assert.equal(guest.has(path), false, path);
    });
  }

  it("takes no commit with a line end, from the depot or from its own list", () => {
    const commit = "a".repeat(64);
    const list = [{ commit: `${commit}\n` }, { commit: `${commit}\n${commit}` }, { commit }];
    guest.write("var/lib/edge/failed.json", JSON.stringify(list));
    assert.equal(guest.shell('failed_forget_all; printf "%s." "$FORGOTTEN"'), `${commit}\n.`);
  });
});
