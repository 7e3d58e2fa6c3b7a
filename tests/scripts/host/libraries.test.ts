import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";

describe("libraries of the host scripts", () => {
  let host: HostScripts;
  beforeEach(() => {
    host = new HostScripts();
  });
  afterEach(() => host.remove());

  it("share no function's name: of two that one script takes in, the later would win", () => {
    // These are alternatives; no script sources both.
    const alternatives = [
      ["app-base-dnf.sh", "app-base.sh"],
      ["service-supervisor.sh", "service-systemd.sh"],
    ];
    const owners = new Map<string, string[]>();
    for (const file of readdirSync("assets/host/lib").sort()) {
      for (const [, name = ""] of readFileSync(join("assets/host/lib", file), "utf8").matchAll(
        /^(\w+)\(\)/gm,
      )) {
        owners.set(name, [...(owners.get(name) ?? []), file]);
      }
    }
    assert.ok(owners.size > 50);
    const shared = [...owners].filter(
      ([, files]) => files.length > 1 && !alternatives.some((a) => a.join() === files.join()),
    );
    assert.deepEqual(shared, []);
  });

  describe("log.sh", () => {
    const logged = (text: string): ReturnType<HostScripts["bash"]> => host.bash(["paths", "log"], text);
    const log = (): string => readFileSync(join(host.stateDir, "log/tool.log"), "utf8");

    it("keeps a tool's output in a file, and says nothing when it ends well", () => {
      const { status, stdout, stderr } = logged(
        "run_logged tool bash -c 'echo out; echo err >&2'; echo after",
      );
      assert.deepEqual([status, stdout, stderr, log()], [0, "after\n", "", "out\nerr\n"]);
    });

    it("shows the end of that run's output, and no older one's, when it fails", () => {
      logged("run_logged tool echo older");
      const { status, stderr } = logged("run_logged tool bash -c 'seq 100; exit 3'");
      assert.equal(status, 3);
      const lines = stderr.trimEnd().split("\n");
      assert.match(lines[0] ?? "", /^error: bash ended with status 3; the end of .*\/log\/tool\.log:$/);
      assert.deepEqual(
        lines.slice(1),
        Array.from({ length: 20 }, (_, i) => `  ${81 + i}`),
      );
      assert.ok(log().startsWith("older\n1\n"));
      assert.ok(!logged("run_logged tool false").stderr.includes("100"));
    });

    it("starts a new file when one has grown large", () => {
      logged("run_logged tool head -c 4200000 /dev/zero");
      logged("run_logged tool echo new");
      assert.equal(log(), "new\n");
      assert.ok(existsSync(join(host.stateDir, "log/tool.log.1")));
    });

    it("dies with one line", () => {
      const { status, stderr } = logged("die 'no disk;' \"it's full\"; echo never");
      assert.deepEqual([status, stderr], [1, "error: no disk; it's full\n"]);
    });
  });

  describe("wait.sh", () => {
    const wait = (text: string): ReturnType<HostScripts["bash"]> => host.bash(["wait"], text);

    it("goes on as soon as it is true, and gives up in time", () => {
      const start = Date.now();
      assert.equal(wait("n=0; three() { ((++n >= 3)); }; wait_until 20 three; echo $n").stdout, "3\n");
      assert.ok(Date.now() - start < 10_000);
      assert.equal(wait("wait_until 1 false || echo late").stdout, "late\n");
    });
  });

  describe("result.sh", () => {
    it("is one line of JSON, whatever the values hold", () => {
      const { stdout } = host.bash(["result"], `result --arg text $'a "b"\\n$(id)' --argjson list '[1, 2]'`);
      assert.equal(stdout, `${JSON.stringify({ text: 'a "b"\n$(id)', list: [1, 2] })}\n`);
    });
  });

  describe("paths.sh", () => {
    it("takes the cache from where it was set, else from the user's", () => {
      const cache = (env: Record<string, string>): string =>
        host.bash(["paths"], 'echo "$CACHE_DIR"', { HOME: "/h", ...env }).stdout.trim();
      assert.equal(cache({ EDGE_LAB_CACHE: "/a b", XDG_CACHE_HOME: "/x" }), "/a b");
      assert.equal(cache({ XDG_CACHE_HOME: "/x" }), "/x/edge-lab");
      assert.equal(cache({}), "/h/.cache/edge-lab");
    });
  });

  describe("root.sh", () => {
    it("starts the script again under sudo: values stay in the environment, the caller's PATH and HOME too", function () {
      if (process.getuid?.() !== 0) skipBecause(this, "it takes root to become another user");
      const script = join(host.path, "script.sh");
      host.program(
        "script.sh",
        '. "$(dirname "$0")/assets/host/lib/root.sh"; become_root "$@"; echo "$EDGE_SECRET $PULUMI_COMMAND_STDOUT $HOME ${PATH%%:*} $*"',
      );
      // Like sudo: another PATH and HOME, and only the named variables of the environment.
      host.program(
        "bin/sudo",
        `echo "$*" >>${host.path}/calls
[[ $* != "-n true" ]] || exit 0
keep=\${2#--preserve-env=} args=()
for name in \${keep//,/ }; do args+=("$name=\${!name}"); done
shift 3
exec unshare --map-root-user env -i PATH=/usr/bin:/bin HOME=/root "\${args[@]}" "$@"`,
      );
      const run = (): ReturnType<HostScripts["bash"]> =>
        host.bash(
          [],
          `chmod -R a+rX . && touch calls && chmod a+w calls && exec setpriv --reuid 65534 --clear-groups ${script} one 'two three'`,
          {
            EDGE_SECRET: "hunter 2",
            PULUMI_COMMAND_STDOUT: "last",
            BASH: "/bin/bash",
          },
        );
      const { status, stdout, stderr } = run();
      assert.equal(status, 0, stderr);
      assert.equal(stdout, `hunter 2 last ${host.path} ${host.path}/bin one two three\n`);
      assert.ok(!host.read("calls").includes("hunter"), host.read("calls"));
      host.program("bin/sudo", "exit 1");
      const refused = run();
      assert.equal(refused.status, 1);
      assert.match(
        refused.stderr,
        /^error: script\.sh needs root: run it as root, or allow this user sudo without a password\n$/,
      );
    });
  });

  describe("host-state.sh", () => {
    const state = (text: string): ReturnType<HostScripts["bash"]> =>
      host.bash(["paths", "log", "host-state"], text);

    it("notes what was there before the first time, not what the lab made of it", () => {
      const { stdout } = state('note_once x echo before; note_once x echo after; cat "$NOTED/x"');
      assert.equal(stdout, "before\n");
    });

    it("opens the way to the disks for libvirt's user, and closes what it opened", () => {
      host.program("bin/getent", "[[ $2 == libvirt-qemu ]]");
      host.program("bin/setfacl", `echo "$@" >>${host.path}/calls`);
      host.program("bin/stat", `[[ $3 == *lab-test* ]] && echo 700 || echo 755`);
      state("open_path; open_path; close_path");
      const calls = host.read("calls").trim().split("\n");
      const opened = calls.filter((call) => call.startsWith("-m u:libvirt-qemu:--x "));
      const closed = calls.filter((call) => call.startsWith("-x u:libvirt-qemu "));
      assert.equal(new Set(opened).size, 2);
      assert.deepEqual(
        closed.map((call) => call.slice(call.indexOf("/"))).sort(),
        [...new Set(opened.map((call) => call.slice(call.indexOf("/"))))].sort(),
      );
    });

    it("opens it to the image builder's user too, where there is one", () => {
      host.program("bin/getent", "[[ $2 == *qemu || $2 == _osbuild-composer ]]");
      host.program("bin/setfacl", `echo "$@" >>${host.path}/calls`);
      host.program("bin/stat", `[[ $3 == *lab-test* ]] && echo 700 || echo 755`);
      state("open_path; close_path");
      const calls = host.read("calls");
      assert.match(calls, /^-m u:libvirt-qemu:--x,u:qemu:--x,u:_osbuild-composer:--x \//m);
      assert.match(calls, /^-x u:libvirt-qemu,u:qemu,u:_osbuild-composer \//m);
    });

    it("removes the firewall tables that libvirt left, and none that was there before", () => {
      host.program("bin/nft", `if [[ $1 == list ]]; then cat tables; else echo "$@" >>calls; fi`);
      const tables = (...names: string[]): void =>
        writeFileSync(join(host.path, "tables"), names.map((name) => `table ${name}\n`).join(""));
      tables("ip filter", "inet mine");
      state("note_once firewall-tables firewall_tables");
      tables("ip filter", "inet mine", "ip nat", "ip6 libvirt_network", "inet others");
      state("remove_firewall_leftovers");
      assert.deepEqual(host.read("calls").trim().split("\n").sort(), [
        "delete table ip nat",
        "delete table ip6 libvirt_network",
      ]);
    });
  });

  it("leftovers.sh removes the sockets' folder of this lab's killed scenario, and no other lab's", () => {
    const run = join(host.path, "run");
    for (const [name, lab] of [
      ["edge-lab-a", "$STATE_DIR"],
      ["edge-lab-b", "/another/lab"],
    ]) {
      host.bash(["paths"], `mkdir -p "${run}/${name}"; printf %s "${lab}" >"${run}/${name}/lab"`);
    }
    const { status, stderr } = host.bash(
      ["paths", "log", "leftovers"],
      `EDGE_RUN_DIR=${run}; remove_sockets; ls ${run}`,
    );
    assert.equal(status, 0, stderr);
    assert.match(stderr, /folder .*edge-lab-a/);
    assert.deepEqual(readdirSync(run), ["edge-lab-b"]);
  });
});
