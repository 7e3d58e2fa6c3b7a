import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { hashFiles } from "../../../lib/contentHash";
import { needs } from "../support/sandbox";

const DEBIAN = resolve("assets/builders/debian");
const OSBUILD = resolve("assets/builders/osbuild");

/** An image must depend on the blueprint and on the text of the sources, not on how the clone or the shell is set. */
describe("what an image is made of", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "edge-sources-"))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const bash = (script: string, env: Record<string, string> = {}): ReturnType<typeof spawnSync> =>
    spawnSync("bash", ["-euo", "pipefail", "-c", script], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
  const ok = (script: string, env: Record<string, string> = {}): string => {
    const { status, stdout, stderr } = bash(script, env);
    assert.equal(status, 0, String(stderr));
    return String(stdout);
  };
  /** Mode, owner, size, path and link target of all below a folder. */
  const listing = (path: string): string[] =>
    ok(`cd '${path}' && find . -printf '%m %U:%G %y %p %l\\n' | LC_ALL=C sort -k 4`).trim().split("\n");
  /** Copies of the sources, as a clone under a umask of 077 and another owner has them, and as one under 022 has. */
  const clones = (): Record<"closed" | "open", string> => {
    const made = { closed: join(dir, "closed"), open: join(dir, "open") };
    for (const [name, umask] of [
      ["closed", "077"],
      ["open", "022"],
    ] as const) {
      ok(`umask ${umask}; mkdir -p '${made[name]}/assets/builders'
        cp -r assets/guest '${made[name]}/assets/'; cp -r assets/builders/* '${made[name]}/assets/builders/'`);
    }
    ok(`chmod -R go= '${made.closed}'; touch -d 2001-01-01 '${made.closed}/assets/guest/etc/nftables.conf'`);
    if (process.getuid?.() === 0) ok(`chown -R 4242:4242 '${made.closed}'`);
    return made;
  };

  it("the two clones of these tests differ in modes, and in nothing that counts", () => {
    const { closed, open } = clones();
    assert.notDeepEqual(listing(closed), listing(open));
    assert.equal(hashFiles(closed, ["assets"]), hashFiles(open, ["assets"]));
  });

  it("the guest files of Debian's image have git's modes, and root's owner", function () {
    needs(this, "tar");
    const { closed, open } = clones();
    const copied = (clone: string, name: string): string[] => {
      const root = join(dir, name);
      // Folders of packages, one with a mode of its own, and the link that /usr/merge makes.
      ok(`umask 022; mkdir -p '${root}/etc/keepalived' '${root}/usr/lib'; chmod 750 '${root}/etc/keepalived'
        umask 077; die() { echo "$*" >&2; exit 1; }; here='${clone}/assets/builders/debian'
        . "$here/lib/image.sh"; copy_guest_files '${root}'`);
      return listing(root);
    };
    const made = copied(closed, "from closed");
    assert.deepEqual(made, copied(open, "from open"));
    for (const line of made) {
      const [mode = "", owner, type, path = ""] = line.split(" ");
      assert.equal(owner, "0:0", line);
      if (type === "l") continue;
      const wanted = path.startsWith("./etc/sudoers.d/") ? "440" : type === "d" ? "755" : "(644|755)";
      assert.match(mode, new RegExp(`^${path === "./etc/keepalived" ? "750" : wanted}$`), line);
    }
    assert.ok(made.some((line) => line.startsWith("755 0:0 f ./usr/libexec/edge/update ")));
  });

  it("an initramfs has the same bytes from both", function () {
    needs(this, "cpio", "zstd");
    const packed = (umask: string): string => {
      const tree = join(dir, `tree ${umask}`);
      return ok(`umask ${umask}; mkdir -p '${tree}/installer'; cp assets/builders/debian/installer/lib/*.sh '${tree}/installer/'
        printf x >'${tree}/init'; chmod u+x '${tree}/init'
        . '${DEBIAN}/lib/initramfs.sh'; pack_initramfs '${tree}' '${tree}.img'; sha256sum <'${tree}.img'`);
    };
    assert.equal(packed("077"), packed("022"));
  });

  it("the guest package of osbuild's image is made of the same tree", () => {
    const { closed, open } = clones();
    const tree = (clone: string, name: string): string[] => {
      const root = join(dir, name);
      ok(`umask 022; die() { echo "$*" >&2; exit 1; }; here='${clone}/assets/builders/osbuild'; mkdir '${root}'
        STATE='${dir}/key'; mkdir -p "$STATE/signing"; echo key >"$STATE/signing/public.gpg"
        . "$here/lib/sign.sh"; . "$here/lib/guest.sh"; guest_tree '${root}' 0.0.1`);
      return [...listing(root), ok(`find '${root}' -printf '%T@\\n' | sort -u`)];
    };
    const made = tree(closed, "closed tree");
    assert.deepEqual(made, tree(open, "open tree"));
    assert.ok(made.includes("440 0:0 f ./etc/sudoers.d/50-core "), made.join("\n"));
  });

  it("a builder's verbs are not shaped by the caller's umask, zone, language and options", () => {
    for (const builder of [DEBIAN, OSBUILD]) {
      const env = {
        TZ: "Asia/Tokyo",
        LC_ALL: "de_DE.UTF-8",
        SOURCE_DATE_EPOCH: "1",
        TAR_OPTIONS: "-v",
        XZ_OPT: "-0",
      };
      const seen = ok(
        `umask 077; . '${builder}/lib/common.sh'; umask; date +%Z; echo "$LC_ALL \${SOURCE_DATE_EPOCH-}\${TAR_OPTIONS-}\${XZ_OPT-}"`,
        env,
      );
      assert.equal(seen, "0022\nUTC\nC.UTF-8 \n");
    }
  });

  it("lines for /var name owners as the image does, not the host", () => {
    mkdirSync(join(dir, "etc"));
    writeFileSync(join(dir, "etc/passwd"), "root:x:0:0::/:/bin/sh\nvip:x:998:997::/:/bin/sh\n");
    writeFileSync(join(dir, "etc/group"), "root:x:0:\nmail:x:8:\n");
    const lines = "d /var/a 0755 998 8 -\\nd /var/b\\\\x20c 02775 0 997 -\\n";
    assert.equal(
      ok(`. '${DEBIAN}/lib/layout.sh'; printf '${lines}' | owners_by_name '${dir}'`),
      "d /var/a 0755 vip mail -\nd /var/b\\x20c 02775 root 997 -\n",
    );
  });

  describe("the signing key", () => {
    before(function () {
      needs(this, "gpg", "gpgv");
    });
    afterEach(() => {
      if (existsSync(join(dir, "signing"))) {
        execFileSync("gpgconf", ["--homedir", join(dir, "signing"), "--kill", "all"]);
      }
    });
    const sign = (then: string): string =>
      `. '${DEBIAN}/lib/common.sh'; . '${DEBIAN}/lib/sign.sh'; VERB=compose
      STATE='${dir}'; LOG=$STATE/log; SIGNING_HOME=$STATE/signing; mkdir -p -m 700 "$SIGNING_HOME"; : >>"$LOG"
      ${then}`;

    it("is older than every clock: a device without one accepts what it signed", () => {
      const checked = ok(
        sign(`signing_make; signing_read; echo "$SIGNING_KEY"; echo text >"$STATE/text"
        gpg --homedir "$SIGNING_HOME" --batch --quiet -b "$STATE/text"
        gpg --homedir "$SIGNING_HOME" --batch --faked-system-time 20000102T000000 --verify "$STATE/text.sig" "$STATE/text" 2>&1`),
      );
      assert.match(checked, /^[0-9A-F]{40}\n/);
      assert.match(checked, /Good signature from "Edge Lab image builder"/);
    });

    it("is made once", () => {
      const twice = sign('signing_make; signing_read; echo "$SIGNING_KEY"');
      assert.equal(ok(twice), ok(twice));
    });

    it("of an earlier version, made while the clock was ahead, ends a compose with what to do", () => {
      const { status, stderr } = bash(sign("SIGNING_EPOCH=20990101T000000; signing_make; signing_read"));
      assert.equal(status, 1);
      assert.match(
        String(stderr),
        /^error: compose: the signing key in .*\/signing is from 2099-01-01 00:00:00 UTC, and this host's clock says \d{4}-.*; fix: set the clock right if it is behind; if it is right, .*npm run destroy/m,
      );
    });

    it("that cannot be read says so", () => {
      writeFileSync(join(dir, "log"), "");
      const { stderr } = bash(sign('echo damaged >"$SIGNING_HOME/public.gpg"; signing_make; signing_read'));
      assert.match(String(stderr), /the signing key in .*\/signing cannot be read: see .*; fix: /);
    });
  });

  it("the installer does not take an image whose operator has another number", () => {
    mkdirSync(join(dir, "etc"));
    mkdirSync(join(dir, "var/home/core"), { recursive: true });
    const make = (passwd: string): string => {
      writeFileSync(join(dir, "etc/passwd"), passwd);
      const { stdout } = spawnSync(
        "dash",
        [
          "-euc",
          `. ${DEBIAN}/installer/lib/users.sh; failed() { echo "FAILED: $*"; exit 1; }; need_ok() { shift; "$@"; }
          in_system() { echo "$*"; [ "$1" != useradd ] || echo "core:x:1000:1000::/:/bin/sh" >>"$DEPLOYMENT/etc/passwd"; }
          value() { eval "printf '%s' \\"\\\${KS_$1:-}\\""; }
          DEPLOYMENT=$1; KS_user_1_uid=1000; user_make core user_1`,
          "-",
          dir,
        ],
        { encoding: "utf8" },
      );
      return stdout;
    };
    assert.equal(make("core:x:1000:1000::/var/home/core:/bin/bash\n"), "");
    assert.match(
      make("core:x:1001:1001::/var/home/core:/bin/bash\n"),
      /^FAILED: user core: the image gives it another number than 1000/,
    );
    assert.match(make("root:x:0:0::/:/bin/sh\n"), /^useradd .* --uid 1000 core$/m);
  });
});
