import assert from "node:assert/strict";
import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { customizations, packages, type Release } from "../support/composeInput";
import { needs } from "../support/sandbox";

const BUILDER = "assets/builders/debian";
const REF = "debian/trixie/x86_64/edge";
/** The lab's own cache, so that later runs reuse downloads and installed trees. */
const CACHE =
  process.env["EDGE_LAB_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "edge-lab");

// A real compose: about a minute with an empty cache, a few seconds otherwise.
describe("debian builder, compose [slow]", function () {
  this.timeout(900_000);
  const stateDir = mkdtempSync(join(tmpdir(), 'edge "compose", it\'s '));
  const repo = join(stateDir, "repo");
  before(function () {
    needs(this, "mmdebstrap", "ostree", "gpg", "jq", "cpio", "zstd", "xz", "xorriso", "unshare");
  });
  after(() => rmSync(stateDir, { recursive: true, force: true }));

  const request = (version: string, parent: Release | null, more: string[], change: object = {}): string =>
    JSON.stringify({
      stateDir,
      cacheDir: CACHE,
      version,
      ref: REF,
      parent: parent && { version: parent.version, commit: parent.commit },
      blueprint: "",
      customizations,
      packages: [...packages, ...more.map((name) => ({ name, version: "*" }))],
      addPackages: more.map((name) => ({ name, version: "*" })),
      removePackages: [],
      inputHash: version,
      ...change,
    });
  // Under a umask and with variables that must not shape an image.
  const run = (verb: string, input: string): ReturnType<typeof spawnSync> =>
    spawnSync("bash", ["-c", 'umask 077; exec "$0"', join(BUILDER, verb)], {
      input,
      encoding: "utf8",
      maxBuffer: 1 << 26,
      env: { ...process.env, TZ: "Asia/Tokyo", LC_ALL: "C", SOURCE_DATE_EPOCH: "1", XZ_OPT: "-0" },
    });
  const ok = (verb: string, input: string): unknown => {
    const { status, stdout, stderr } = run(verb, input);
    assert.equal(status, 0, String(stderr));
    assert.equal(String(stdout).trim().split("\n").length, 1);
    return JSON.parse(String(stdout)) as unknown;
  };
  const ostree = (...args: string[]): string => execFileSync("ostree", args, { encoding: "utf8" });
  const file = (release: Release, path: string): string =>
    ostree("cat", `--repo=${join(stateDir, "build/repo")}`, release.commit, path);
  const listed = (release: Release, path: string): string =>
    ostree("ls", "--recursive", `--repo=${join(stateDir, "build/repo")}`, release.commit, path);
  /** Mount tables of all processes that name the state directory; none outside a compose. */
  const mountTables = (): string[] =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/mountinfo`, "utf8").includes(stateDir.slice(-6));
        } catch {
          return false; // the process has ended
        }
      });

  let first: Release;
  let second: Release;

  it("composes the first release, with what the blueprint says", () => {
    first = ok("compose", request("0.0.1", null, [])) as Release;
    assert.equal(first.parent, null);
    assert.ok(first.packageCount > 100);
    const passwd = file(first, "/usr/etc/passwd");
    assert.match(passwd, /^core:x:1000:1000::\/var\/home\/core:\/bin\/bash$/m);
    assert.match(passwd, /^admin:x:1001:1200::\/var\/srv\/admin:\/bin\/bash$/m);
    assert.match(file(first, "/usr/etc/subuid"), /^core:\d+:65536$/m);
    assert.match(file(first, "/usr/etc/group"), /^admin:x:1200:$/m);
    assert.match(file(first, "/usr/etc/group"), /^widget:x:1130:admin$/m);
    assert.match(file(first, "/usr/etc/shadow"), /^admin:!:0:.*:20500:$/m);
    assert.match(
      file(first, "/usr/lib/tmpfiles.d/edge-user-admin.conf"),
      /^d "\/var\/srv\/admin" 0700 admin admin -$/m,
    );
    assert.equal(file(first, "/usr/share/edge/users/root/authorized_keys"), "ssh-ed25519 BBBB root@test\n");
    assert.match(file(first, "/usr/etc/group"), /^sudo:.*\bcore\b/m);
    assert.match(file(first, "/usr/etc/shadow"), /^core:\$6\$salt\$hash:/m);
    assert.equal(file(first, "/usr/share/edge/users/core/authorized_keys"), "ssh-ed25519 AAAA core@test\n");
    assert.equal(file(first, "/usr/etc/hostname"), "compose-test\n");
    assert.match(
      file(first, "/usr/lib/edge/nftables.d/blueprint.nft"),
      /^tcp dport 8080 accept\nudp dport 9000-9100 accept\ntcp dport 23 drop$/m,
    );
    assert.match(listed(first, "/usr/etc/localtime"), /-> \.\.\/usr\/share\/zoneinfo\/Europe\/Berlin$/m);
    assert.match(
      file(first, "/usr/lib/systemd/timesyncd.conf.d/60-blueprint.conf"),
      /^NTP=192\.0\.2\.1 192\.0\.2\.2$/m,
    );
    assert.equal(file(first, "/usr/etc/locale.conf"), "LANG=C.UTF-8\n");
    assert.equal(file(first, "/usr/etc/made/for/test.conf"), 'it\'s "so"\n');
    assert.match(
      listed(first, "/usr/etc/made"),
      /^d00750 0 1130 .*\/usr\/etc\/made\/for\n-00600 1001 0 .*test\.conf$/m,
    );
    assert.match(listed(first, "/usr/etc/systemd/system/fstrim.timer"), /-> \/dev\/null$/m);
    assert.match(file(first, "/usr/lib/os-release"), /^OSTREE_VERSION=0\.0\.1$/m);
    const wanted = ostree(
      "ls",
      `--repo=${stateDir}/build/repo`,
      first.commit,
      "/usr/etc/systemd/system/multi-user.target.wants",
    );
    assert.match(wanted, /ssh\.service/);
  });

  it("lets every user into the image, whatever the umask, and names no mirror of the host", () => {
    const top = listed(first, "/").split("\n");
    for (const dir of ["/", "/usr", "/usr/etc", "/usr/lib", "/usr/libexec/edge", "/usr/bin"]) {
      assert.ok(
        top.some((line) => line.startsWith("d00755 0 0 ") && line.endsWith(` ${dir}`)),
        dir,
      );
    }
    assert.match(listed(first, "/usr/etc/sudoers.d/50-core"), /^-00440 0 0 /);
    assert.ok(!top.some((line) => line.includes("apt/sources.list")));
    // Commits made while the caller's clock or SOURCE_DATE_EPOCH says 1970 would be older than what devices run.
    const made = ostree("show", `--repo=${join(stateDir, "build/repo")}`, first.commit);
    assert.match(made, new RegExp(`^Date: +${new Date().getUTCFullYear()}`, "m"));
  });

  it("the same inputs again: the same commit, at once and without a build", () => {
    const start = Date.now();
    const { stdout, stderr } = run("compose", request("0.0.1", null, []));
    assert.equal((JSON.parse(String(stdout)) as Release).commit, first.commit);
    assert.match(String(stderr), /release 0\.0\.1 is unchanged/);
    assert.ok(Date.now() - start < 5000);
  });

  it("a compose that is killed leaves no mount and no process, and the next one converges", async () => {
    const child = spawn(join(BUILDER, "compose"), { stdio: ["pipe", "ignore", "pipe"], detached: true });
    child.stdin.end(request("0.0.2", first, ["strace"]));
    const closed = new Promise((resolve) => child.once("close", resolve));
    // It prints "key" when the namespaces are up and it starts to mount and fill the package layer.
    await new Promise<void>((resolve) => {
      let said = "";
      child.stderr.on("data", (data: Buffer) => {
        said += data.toString();
        if (said.includes("key:")) setTimeout(resolve, 400);
      });
    });
    const seen = mountTables().length > 0;
    process.kill(child.pid ?? 0, "SIGKILL");
    await closed;
    assert.ok(seen, "nothing was mounted when it was killed: the test proves nothing");
    for (let tries = 0; mountTables().length > 0 && tries < 50; tries++) await sleep(20);
    assert.deepEqual(mountTables(), []);
    assert.ok(existsSync(join(stateDir, "build/work-0.0.2")));
  });

  it("composes a release on its parent: only the difference, users keep their numbers", () => {
    second = ok("compose", request("0.0.2", first, ["strace"])) as Release;
    assert.equal(second.parent, first.commit);
    assert.ok(
      second.added.some((p) => p.name === "strace") && second.added.length <= 3,
      JSON.stringify(second.added),
    );
    assert.deepEqual([second.removed, second.changed], [[], []]);
    assert.equal(file(second, "/usr/etc/passwd"), file(first, "/usr/etc/passwd"));
    assert.equal(
      ostree("rev-parse", `--repo=${stateDir}/build/repo`, `${second.commit}^`).trim(),
      first.commit,
    );
  });

  it("removes on a parent what the next release does not want", () => {
    const third = ok("compose", request("0.0.3", second, [])) as Release;
    assert.deepEqual(third.added, []);
    assert.deepEqual(
      third.removed.map((p) => p.name),
      second.added.map((p) => p.name),
    );
  });

  it("exports both with a delta that a client finds, signed, and twice the same", () => {
    const of = ({ version, commit, parent }: Release): string =>
      JSON.stringify({ stateDir, version, commit, parent, repo });
    const one = ok("export", of(first)) as { objects: number; delta: null };
    const two = ok("export", of(second)) as { objects: number; delta: { bytes: number; files: number } };
    assert.equal(one.delta, null);
    assert.ok(two.objects < 200 && two.delta.bytes > 0 && two.delta.files >= 2, JSON.stringify(two));
    assert.deepEqual(ok("export", of(second)), two);
    ostree("refs", `--repo=${repo}`, `--create=${REF}`, second.commit);
    ostree("summary", `--repo=${repo}`, "--update");
    const client = join(stateDir, "client");
    ostree("init", `--repo=${client}`, "--mode=bare");
    ostree(
      "remote",
      "add",
      `--repo=${client}`,
      `--gpg-import=${stateDir}/signing/public.gpg`,
      "edge",
      `file://${encodeURI(repo)}`,
    );
    ostree("pull", `--repo=${client}`, "edge", REF);
    assert.equal(ostree("rev-parse", `--repo=${client}`, `edge:${REF}`).trim(), second.commit);
  });

  it("a first installation takes the delta from nothing, and every object in it is right", async () => {
    ostree("refs", `--repo=${repo}`, "--delete", "debian");
    ostree("refs", `--repo=${repo}`, `--create=${REF}`, first.commit);
    ostree("summary", `--repo=${repo}`, "--update");
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      const path = join(repo, decodeURIComponent(request.url ?? ""));
      if (existsSync(path)) createReadStream(path).pipe(response);
      else response.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    try {
      await once(server, "listening");
      const client = join(stateDir, "device");
      const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
      ostree("init", `--repo=${client}`, "--mode=bare");
      ostree("remote", "add", `--repo=${client}`, `--gpg-import=${stateDir}/signing/public.gpg`, "edge", url);
      await promisify(execFile)("ostree", ["pull", `--repo=${client}`, "edge", REF]);
      // Older clients also fetch loose objects besides a delta, so the number of requests means nothing.
      assert.ok(
        asked.some((path) => /^\/deltas\/.*\/\d+$/.test(path)),
        "no part of a delta was asked for",
      );
      assert.match(ostree("fsck", `--repo=${client}`, "--quiet", "--all") + "sound", /sound/);
      assert.equal(ostree("rev-parse", `--repo=${client}`, `edge:${REF}`).trim(), first.commit);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("packages lists what is in a release", () => {
    const { packages: list } = ok("packages", JSON.stringify({ stateDir, version: "0.0.2" })) as {
      packages: { name: string; arch: string }[];
    };
    assert.equal(list.length, second.packageCount);
    assert.ok(list.some((p) => p.name === "strace" && p.arch === "amd64"));
  });

  it("makes a role's ISO: kickstart and kernel arguments on it, nothing secret said", () => {
    const kickstart = "user --name=core --password=$6$very$secret --iscrypted\n";
    const input = {
      stateDir,
      cacheDir: CACHE,
      role: "backup",
      kickstart,
      kernelArgs: ["vip_state=BACKUP", "vip_priority=254"],
    };
    const { status, stdout, stderr } = run("make-iso", JSON.stringify(input));
    assert.equal(status, 0, String(stderr));
    assert.doesNotMatch(String(stdout) + String(stderr), /very\$secret/);
    const { path, sizeBytes } = JSON.parse(String(stdout)) as { path: string; sizeBytes: number };
    assert.ok(sizeBytes > 20 << 20);
    const extracted = (name: string): string => {
      const to = join(stateDir, "extracted");
      execFileSync("xorriso", ["-osirrox", "on", "-indev", path, "-extract", name, to], { stdio: "ignore" });
      const text = readFileSync(to, "utf8");
      rmSync(to);
      return text;
    };
    const [given, key = ""] = extracted("/ks.cfg").split("\n%pre --erroronfail\n");
    assert.equal(given, kickstart);
    const encoded = /base64 -d >\S+ <<END\n([^]*)END\n/.exec(key)?.[1] ?? "";
    assert.deepEqual(Buffer.from(encoded, "base64"), readFileSync(join(stateDir, "signing/public.gpg")));
    assert.match(
      extracted("/boot/grub/grub.cfg"),
      /linux \/boot\/vmlinuz vip_state=BACKUP vip_priority=254 console=/,
    );
    assert.deepEqual(readdirSync(join(stateDir, "iso")), ["edge-backup.iso"]);
  });

  it("a package that the user's blueprint cannot have fails with apt's own words", () => {
    const { status, stderr } = run("compose", request("0.0.4", second, ["no-such-package"]));
    assert.equal(status, 1);
    assert.match(String(stderr), /Unable to locate package no-such-package/);
    assert.ok(!existsSync(join(stateDir, "releases/0.0.4.json")));
  });
});
