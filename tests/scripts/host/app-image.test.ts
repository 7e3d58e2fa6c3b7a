import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { eventually, GATEWAY, kill, mounts, needs, Sandbox } from "../support/sandbox";

const SCRIPT = "assets/host/app-image.sh";
const REGISTRY = `${GATEWAY}:5000`;
const CACHE =
  process.env["EDGE_LAB_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "edge-lab");

interface Result {
  readonly image: string;
  readonly tag: string;
  readonly digest: string;
}
interface Manifest {
  readonly layers: { digest: string; size: number }[];
  readonly config: { digest: string };
}

describe("app-image.sh", () => {
  let box: Sandbox;
  let cache: string;
  before(function () {
    needs(
      this,
      "buildah",
      "skopeo",
      "mmdebstrap",
      "figlet",
      "cowsay",
      "docker-registry",
      "supervisord",
      "jq",
      "curl",
    );
    this.timeout("5m");
    // The only part from the network: fetched once for all test runs, into the documented cache.
    execFileSync(
      "bash",
      [
        "-c",
        `set -euo pipefail; mkdir -p "$EDGE_LAB_CACHE/app" "$EDGE_STATE_DIR"
      for part in paths log debian-mirror app-base app-build; do . assets/host/lib/$part.sh; done
      exec 9<"$APP_CACHE"; flock 9; app_ensure base`,
      ],
      {
        env: { ...process.env, EDGE_LAB_CACHE: CACHE, EDGE_STATE_DIR: join(CACHE, "tests", "app-image") },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    box = new Sandbox();
    cache = box.path("ca che");
    mkdirSync(join(cache, "app"), { recursive: true });
    for (const name of readdirSync(join(CACHE, "app")).filter((n) => n.startsWith("base-"))) {
      cpSync(join(CACHE, "app", name), join(cache, "app", name), { recursive: true });
    }
    box.ok(["assets/host/registry.sh", "apply"], { EDGE_GATEWAY: GATEWAY, EDGE_REGISTRY_PORT: "5000" });
  });
  after(() => {
    box.remove();
  });

  const env = (tag: string, source?: string): Record<string, string> => ({
    EDGE_LAB_CACHE: cache,
    EDGE_REGISTRY: REGISTRY,
    EDGE_APP_TAG: tag,
    ...(source === undefined ? {} : { EDGE_APP_SOURCE: source }),
  });
  const apply = (tag: string, source?: string): Result =>
    JSON.parse(box.ok([SCRIPT, "apply"], env(tag, source)).stdout) as Result;
  const status = (tag: string): Result => {
    const { image, digest } = JSON.parse(box.ok([SCRIPT, "status"], env(tag)).stdout) as Result;
    return { image, tag, digest };
  };
  const manifest = (tag: string): Manifest =>
    JSON.parse(
      box.ok([
        "curl",
        "-sSf",
        "-H",
        "Accept: application/vnd.oci.image.manifest.v1+json",
        `http://${REGISTRY}/v2/httpd/manifests/${tag}`,
      ]).stdout,
    ) as Manifest;
  const layers = (tag: string): string[] => manifest(tag).layers.map((l) => l.digest);

  it("builds, pushes and answers with the digest; a second time it builds nothing", () => {
    const before = mounts();
    const first = apply("v1");
    assert.equal(first.image, `${REGISTRY}/httpd:v1`);
    assert.equal(first.tag, "v1");
    assert.match(first.digest, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(status("v1"), first);
    const again = box.ok([SCRIPT, "apply"], env("v1"));
    assert.deepEqual(JSON.parse(again.stdout), first);
    assert.equal(again.stderr, "");
    assert.deepEqual(mounts(), before);
    assert.deepEqual(
      readdirSync(join(cache, "app")).filter((name) => !/^(base|v1)-[0-9a-f]{16}$/.test(name)),
      [],
    );
  });

  it("builds v2 on v1's layers: a device fetches only the difference", () => {
    apply("v1");
    apply("v2");
    const [one, two] = [layers("v1"), layers("v2")];
    assert.deepEqual(two.slice(0, one.length), one);
    assert.equal(two.length, one.length + 1);
    assert.ok((manifest("v2").layers.at(-1)?.size ?? Infinity) < 10_000);
    assert.ok(manifest("v1").layers.reduce((sum, l) => sum + l.size, 0) < 10e6, "small");
  });

  it("names a release prod by the same digest, and moves the name", () => {
    const [v1, v2] = [apply("v1"), apply("v2")];
    assert.equal(apply("prod", "v1").digest, v1.digest);
    assert.equal(apply("prod", "v2").digest, v2.digest);
    assert.equal(status("prod").digest, v2.digest);
    assert.equal(status("v1").digest, v1.digest);
  });

  it("builds the same image from the same files, whenever and wherever", () => {
    const { digest } = apply("v1");
    execFileSync("bash", ["-c", 'rm -rf "$1"/app/v1-*', "bash", cache]);
    assert.equal(apply("v1").digest, digest);
  });

  it("converges after SIGKILL at any moment of a build, and leaves no mount and no folder", async () => {
    const before = mounts();
    const folder = existsSync("/var/lib/containers");
    const expected = apply("v1").digest;
    for (const moment of [300, 900, 1800]) {
      execFileSync("bash", ["-c", 'rm -rf "$1"/app/v1-*', "bash", cache]);
      await box.killAfter(moment, [SCRIPT, "apply"], env("v1"));
    }
    assert.equal(apply("v1").digest, expected);
    assert.deepEqual(mounts(), before);
    assert.deepEqual(
      readdirSync(join(cache, "app")).filter((name) => name.startsWith("work.")),
      [],
    );
    assert.equal(existsSync("/var/lib/containers"), folder);
  });

  it("takes two builds at once", () => {
    execFileSync("bash", ["-c", 'rm -rf "$1"/app/v*', "bash", cache]);
    const both = 'EDGE_APP_TAG=v1 "$1" apply & a=$!; EDGE_APP_TAG=v2 "$1" apply & wait $a && wait $!';
    box.ok(["bash", "-c", both, "bash", SCRIPT], env("v1"));
    assert.deepEqual(layers("v2").slice(0, 2), layers("v1"));
  });

  it("refuses what it cannot do, and says why", () => {
    const error = (values: Record<string, string>, verb = "apply"): string => {
      const outcome = box.run([SCRIPT, verb], values);
      assert.notEqual(outcome.status, 0);
      assert.equal(outcome.stdout, "");
      return outcome.stderr;
    };
    assert.match(error({}), /EDGE_REGISTRY/);
    assert.match(error(env("v3")), /EDGE_APP_TAG=v3: v1 and v2 are built here/);
    assert.match(error(env("../v1")), /is not an image tag/);
    assert.match(error(env("prod", "v9")), /httpd:v9 is not in the registry/);
    assert.match(
      error({ ...env("v1"), EDGE_REGISTRY: `${GATEWAY}:5999` }),
      /Failed to connect to .* port 5999/,
    );
  });

  it("removes one tag, not the image that others name; also when there is nothing", () => {
    const v1 = apply("v1");
    apply("prod", "v1");
    box.ok([SCRIPT, "destroy"], env("prod"));
    assert.equal(status("prod").digest, "");
    assert.equal(status("v1").digest, v1.digest);
    box.ok([SCRIPT, "destroy"], env("prod"));
    apply("prod", "v1");
    assert.equal(status("prod").digest, v1.digest);
  });

  describe("pushed by hand", () => {
    const PUSH = "assets/host/push.sh";
    const refused = (...words: string[]): string => {
      const { status, stderr } = box.run([PUSH, ...words]);
      assert.equal(status, 1, stderr);
      return stderr;
    };

    it("an archive on standard input is the tag's image from then on", () => {
      apply("v1");
      const archive = box.path("hand.tar");
      const copy = ["--insecure-policy", "copy", "--quiet", "--src-tls-verify=false"];
      box.ok(["skopeo", ...copy, `docker://${REGISTRY}/httpd:v1`, `docker-archive:${archive}:httpd:v1`]);
      box.ok(["bash", "-c", 'exec "$1" httpd:hand - <"$2"', "bash", PUSH, archive]);
      assert.match(status("hand").digest, /^sha256:/);
      box.ok([PUSH, "httpd:again", `docker-archive:${archive}`]);
      assert.equal(status("again").digest, status("hand").digest);
    });

    it("names what is no image, no source or not there", () => {
      assert.match(refused("Httpd:prod", "oci:/x"), /'Httpd:prod' is not an image .*; fix: such as demo:v1/);
      assert.match(refused("httpd", "oci:/x"), /'httpd' is not an image/);
      assert.match(refused("httpd:prod", "-"), /standard input is empty; fix: podman save/);
      assert.match(
        refused("httpd:prod", "oci:/nowhere"),
        /skopeo could not push oci:\/nowhere as httpd:prod; fix/,
      );
      const lost = box.run([PUSH, "httpd:prod", "oci:/x"], { EDGE_STATE_DIR: box.path("none") });
      assert.match(lost.stderr, /takes no pushes: it is not up; fix: npm run up/);
    });
  });

  describe("the image", () => {
    let root: string;
    before(() => {
      root = box.path("root");
      mkdirSync(root);
      apply("v2");
      for (const digest of layers("v2")) {
        const url = `http://${REGISTRY}/v2/httpd/blobs/${digest}`;
        box.ok(["bash", "-c", 'set -o pipefail; curl -sSf "$1" | tar -xz -C "$2"', "bash", url, root]);
      }
    });
    // Like a container: process 1 of its namespace, with its own network.
    const start = (): number => {
      const script = `set -e; cd "$1"; mount -t proc proc proc; mount --rbind /dev dev
        exec chroot . /usr/sbin/apache2 -D FOREGROUND -f /etc/apache2/apache2.conf`;
      box.ok([
        "bash",
        "-c",
        'exec unshare --pid --fork --kill-child --mount bash -c "$2" bash "$1" >"$1.log" 2>&1 </dev/null &',
        "bash",
        root,
        script,
      ]);
      eventually("httpd answers", () => box.run(["curl", "-sf", "http://127.0.0.1/"]).status === 0);
      const pid = box
        .processes("/usr/sbin/apache2")
        .find((p) => /^NSpid:\s+\d+\s+1$/m.test(readFileSync(`/proc/${p}/status`, "utf8")));
      assert.ok(pid);
      return pid;
    };
    const gone = (pid: number): boolean => !existsSync(`/proc/${pid}/root/usr`);

    it("answers with both pages' art as plain text, and has what a health check needs", () => {
      const pid = start();
      const answer = box.ok(["curl", "-sSi", "http://127.0.0.1/"]).stdout;
      assert.match(answer, /^Content-Type: text\/plain; charset=utf-8\r$/m);
      // The virtual IP moves, so no client may reuse a connection for its next request.
      assert.match(answer, /^Connection: close\r$/m);
      assert.ok(answer.includes(execFileSync("figlet", ["RHEL for Edge"], { encoding: "utf8" })));
      assert.match(answer, /< Podman auto-update is awesome! >/);
      const health = box.ok([
        "chroot",
        root,
        "/bin/sh",
        "-c",
        "wget -q -O /dev/null http://127.0.0.1/ && echo well",
      ]);
      assert.equal(health.stdout, "well\n");
      kill(pid);
      eventually("it is gone", () => gone(pid));
    });

    for (const signal of ["SIGTERM", "SIGWINCH"] as const) {
      it(`ends within a second and a half of ${signal}, with a client connected`, () => {
        const pid = start();
        box.ok(["bash", "-c", "(exec 3<>/dev/tcp/127.0.0.1/80; sleep 5) >/dev/null 2>&1 </dev/null &"]);
        const asked = Date.now();
        process.kill(pid, signal);
        eventually("it is gone", () => gone(pid));
        assert.ok(Date.now() - asked < 1500, `${Date.now() - asked} ms`);
      });
    }
  });
});
