import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { copyOf } from "../../../client/remote/programCopy";
import { DnfHost, good } from "../../support/osbuild/dnfHost";
import { skipBecause } from "../../support/skip";
import { TempDir } from "../../support/tempProject";

describe("the app's image and its registry on a host without Debian's packages", () => {
  let host: DnfHost;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new DnfHost();
  });
  afterEach(() => host.remove());

  /** dnf, which creates an installroot like one with RHEL's httpd. */
  const dnf = (modules: string): void =>
    host.noted(
      "dnf",
      `while [[ $1 != --installroot ]]; do shift; done
tree=$2
mkdir -p "$tree"/usr/sbin "$tree/${modules}" "$tree"/etc "$tree"/var/cache/dnf
printf '#!/bin/sh\\n' >"$tree/usr/sbin/httpd"; chmod 755 "$tree/usr/sbin/httpd"
touch "$tree/${modules}/mod_mpm_event.so" "$tree/var/cache/dnf/left"
echo root:x:0:0::/root:/bin/sh >"$tree/etc/passwd"; echo root:x:0: >"$tree/etc/group"`,
    );
  const base = (): ReturnType<DnfHost["with"]> =>
    host.with(["app-base-dnf"], 'mkdir work; app_base_tar assets/app/base "$PWD/work" "$PWD/base.tar"');

  it("is made of the host's own httpd, under the names that the image knows", () => {
    dnf("usr/lib64/httpd/modules");
    good(base());
    assert.match(host.calls("dnf")[0] ?? "", / --releasever 9 .* install httpd bash coreutils-single$/);
    const tar = join(host.path, "base.tar");
    const listed = spawnSync("tar", ["-tvf", tar], { encoding: "utf8" }).stdout;
    assert.match(listed, /\.\/usr\/sbin\/apache2 -> httpd/);
    assert.match(listed, /\.\/usr\/lib\/apache2\/modules -> \.\.\/\.\.\/lib64\/httpd\/modules/);
    assert.ok(!listed.includes("cache/dnf"));
    const file = (path: string): string => spawnSync("tar", ["-xOf", tar, path], { encoding: "utf8" }).stdout;
    const conf = file("./etc/apache2/apache2.conf");
    assert.ok(conf.startsWith("LoadModule unixd_module modules/mod_unixd.so\nLoadModule log_config_module"));
    assert.ok(conf.endsWith(readFileSync("assets/app/base/apache2.conf", "utf8")));
    assert.match(file("./etc/passwd"), /^www-data:x:33:33:/m);
  });

  it("ends where httpd lies elsewhere", () => {
    dnf("usr/lib/httpd/modules");
    const { status, stderr } = base();
    assert.equal(status, 1);
    assert.match(stderr, /httpd of this distribution lies elsewhere than expected/);
  });

  it("has its pages also where nothing draws them", () => {
    host.program("run", 'PATH=$PWD/only; exec "$1"');
    host.program("only/env", 'exec /bin/bash "${@:2}"');
    for (const tool of ["dirname", "bash"]) host.program(`only/${tool}`, `exec /usr/bin/${tool} "$@"`);
    const page = spawnSync("/bin/bash", [resolve("assets/app/v2/page.sh")], {
      encoding: "utf8",
      env: { PATH: join(host.path, "only") },
    });
    assert.equal(
      page.stdout,
      "\n  *** RHEL for Edge ***\n\n< Podman auto-update is awesome! >\n",
      page.stderr,
    );
  });

  it("has what builds the registry among what is copied to another host", () => {
    const paths = copyOf(process.cwd(), "rhel").paths.filter((path) => !path.startsWith("node_modules/"));
    const copy = new TempDir().copy(...paths);
    const { status, stderr } = spawnSync(join(copy.path, "toolchain/go.sh"), ["registry", "list", "-m"], {
      encoding: "utf8",
    });
    copy.remove();
    assert.equal(status, 0, stderr);
  });

  it("is kept by a registry that is built from its Go module, once", function () {
    this.timeout("10m");
    // In the project itself, with the cache that all tests share.
    const build = (): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } =>
      spawnSync(
        "bash",
        [
          "-c",
          `set -euo pipefail
for name in paths log registry-program; do . "assets/host/lib/$name.sh"; done
registry_installed() { return 1; }
"$(registry_program)" --version`,
        ],
        { encoding: "utf8", env: { ...process.env, EDGE_STATE_DIR: host.stateDir } },
      );
    const first = build();
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /github\.com\/distribution\/distribution\/v3 v3\.0\.0/);
    const second = build();
    assert.equal(second.stderr, "");
    assert.equal(second.stdout, first.stdout);
  });
});
