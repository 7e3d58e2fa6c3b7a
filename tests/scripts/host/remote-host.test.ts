import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { skipBecause } from "../../support/skip";
import { ended, SshHost } from "../support/sshHost";

const PROBES = {
  where: "pwd; cat assets/probes/where | wc -l",
  echo: 'printf "%s|" "$@" "$EDGE_ODD"; cat; echo progress >&2; exit 7',
  env: "node -p 'process.version'; compgen -e | grep ^EDGE_ | sort; echo $EDGE_LAB_CACHE",
  slow: "echo ready; cat >/dev/null; until [[ -e /run/go ]]; do sleep 0.1; done",
  endless: "trap '' TERM; sleep 1000 & echo $$ $!; wait; sleep 1000",
  never: "touch /run/never",
};
const probe = (name: keyof typeof PROBES): string => `./assets/probes/${name}`;

/** Against a real sshd in its own namespaces, with a separate file system where the lab writes. */
describe("host scripts on another host", () => {
  let host: SshHost;
  before(async function () {
    if (process.getuid?.() !== 0) skipBecause(this, "namespaces need root");
    this.timeout("60s");
    host = await SshHost.start();
    symlinkSync(join(process.cwd(), "node_modules"), join(host.path, "node_modules"));
    // All of them before the first copy, because each change causes another copy.
    for (const [name, body] of Object.entries(PROBES)) host.program(name, body);
  });
  after(async () => {
    // Without root nothing was started.
    if (process.getuid?.() === 0) await host.stop();
  });

  it("copies the program there once, and again when it has changed", async () => {
    const program = probe("where");
    const first = await host.run([program]);
    assert.equal(first.status, 0, first.stderr);
    assert.equal(first.stdout, "/var/lib/edge-lab/dev/program\n2\n");
    assert.match(
      first.stderr,
      /^remote: copying the program to root@127\.0\.0\.1:\/var\/lib\/edge-lab\/dev\/program\n$/,
    );
    assert.equal((await host.run([program])).stderr, "");
    host.program("where", "pwd; true\ncat assets/probes/where | wc -l");
    const changed = await host.run([program]);
    assert.equal(changed.stdout, "/var/lib/edge-lab/dev/program\n3\n");
    assert.match(changed.stderr, /copying/);
    assert.equal(await host.sh("ls /var/lib/edge-lab/dev"), "program");
  });

  it("takes environment, standard input and every word along as they are, and the status back", async () => {
    const program = probe("echo");
    const odd = `two words "quotes" '$(id)' \`id\` \\ %s\nsecond line`;
    const outcome = await host.run(
      [program, "apply", "it's $HOME"],
      { EDGE_ODD: odd, EDGE_REMOTE_X: "no" },
      `${odd}\n{"a":1}\n\n`,
    );
    assert.equal(outcome.stdout, `apply|it's $HOME|${odd}|${odd}\n{"a":1}\n\n`);
    assert.match(outcome.stderr, /progress/);
    assert.equal(outcome.status, 7);
  });

  it("has a Node.js there, and what is about this side stays here", async () => {
    const program = probe("env");
    const { stdout } = await host.run([program], {
      EDGE_STATE_DIR: "/var/lib/edge-lab/dev",
      EDGE_LAB_STATE: "/x",
      EDGE_LAB_CACHE: "/y",
    });
    assert.match(stdout, /^v2\d\.[\d.]+\nEDGE_LAB_CACHE\nEDGE_STATE_DIR\n\/var\/cache\/edge-lab\n$/);
  });

  it("runs the lab's own scripts with their answer on standard output", async () => {
    const { stdout, stderr, status } = await host.run(["./assets/host/ssh-key.sh", "apply"], {
      EDGE_STATE_DIR: "/var/lib/edge-lab/dev",
    });
    assert.equal(status, 0, stderr);
    assert.match((JSON.parse(stdout) as { publicKey: string }).publicKey, /^ssh-ed25519 /);
    assert.equal(await host.sh("ls /var/lib/edge-lab/dev/ssh"), "id_ed25519\nid_ed25519.pub");
    assert.equal(
      (await host.run(["./assets/host/ssh-key.sh", "destroy"], { EDGE_STATE_DIR: "/var/lib/edge-lab/dev" }))
        .status,
      0,
    );
    assert.equal(await host.sh("ls -d /var/lib/edge-lab/dev/ssh 2>&1 | grep -c 'No such'"), "1");
  });

  it("shows no value on a command line on either side", async () => {
    const program = probe("slow");
    const child = host.begin([program, "apply"], { EDGE_SECRET: "hunter2-in-environment" });
    child.stdin?.end("hunter2-on-stdin");
    const end = ended(child);
    await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
    const lines = await host.sh("cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
    assert.match(lines, /remote-run\.sh \.\/assets\/probes\/slow apply/);
    assert.doesNotMatch(lines, /hunter2/);
    await host.sh("touch /run/go");
    const { status, stdout, stderr } = await end;
    assert.deepEqual({ status, stdout }, { status: 0, stdout: "ready\n" }, stderr);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    it(`ends the program there, with all that it started, when this side gets ${signal}`, async () => {
      const child = host.begin([probe("endless")]);
      child.stdin?.end();
      const end = ended(child);
      const pids = await new Promise<string>((resolve) =>
        child.stdout?.once("data", (d: Buffer) => resolve(d.toString().trim())),
      );
      const [leader = "", sleeper = ""] = pids.split(" ");
      assert.ok(Number(leader) > 0 && Number(sleeper) > 0, pids);
      // Like Pulumi: only the process of the command itself.
      const node = await host.sh("pgrep -f operations/remote/main[.]ts");
      await host.sh(`kill -${signal.slice(3)} ${node}`);
      await host.until(
        `[[ ! -e /proc/${leader} && ! -e /proc/${sleeper} ]] && ! pgrep -f remote-run[.]sh`,
        30,
      );
      const { status, stderr } = await end;
      assert.notEqual(status, 0);
      assert.doesNotMatch(stderr, /no connection/);
    });
  }

  it("ends it when the connection is lost without a word", async () => {
    const child = host.begin([probe("endless")], { EDGE_SILENCE_SECONDS: "3" });
    child.stdin?.end();
    const end = ended(child);
    await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
    await host.sh("kill -STOP $(pgrep -x ssh)");
    await host.until("! pgrep -f '^/bin/bash ./assets/probes/endless'", 30);
    await host.sh("kill -KILL $(pgrep -x ssh)");
    assert.notEqual((await end).status, 0);
  });

  it("refuses a host with another key than the pinned one, and says nothing to it", async () => {
    const program = probe("never");
    const { status, stdout, stderr } = await host.run(
      [program],
      {},
      "hunter2",
      host.connection([host.key("other")]),
    );
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/);
    assert.match(
      stderr,
      /error: no connection to root@127\.0\.0\.1, port 2222 .*rule: .*edge-lab:hostKeys; fix: /,
    );
    assert.equal(await host.sh("ls /run/never 2>&1 | grep -c 'No such'"), "1");
  });

  it("does not fall back on what the user's own ssh trusts", async () => {
    const { status, stderr } = await host.run([probe("never")], {}, "", host.connection([]));
    assert.equal(status, 1);
    assert.match(stderr, /Host key verification failed|No .* host key is known/);
  });

  it("finds one of several pinned keys", async () => {
    const { status, stderr } = await host.run(
      ["true"],
      {},
      "",
      host.connection([host.key("other"), host.key("host")]),
    );
    assert.equal(status, 0, stderr);
  });

  it("says so where nobody listens, or the user is not root there", async () => {
    const remote = host.connection();
    const nobody = await host.run(["true"], {}, "", { ...remote, port: 2223 });
    assert.match(nobody.stderr, /refused[^]*error: no connection to root@127\.0\.0\.1, port 2223/);
    assert.equal(nobody.status, 1);
    const stranger = await host.run(["true"], {}, "", { ...remote, user: "nobody" });
    assert.equal(stranger.status, 1);
    assert.match(stranger.stderr, /error: (no connection to nobody@|.*nobody is not root there)/);
  });

  it("replaces a copy that was never finished", async () => {
    await host.sh(
      "mkdir -p /var/lib/edge-lab/dev/program.new/junk; echo half >/var/lib/edge-lab/dev/program/copy",
    );
    writeFileSync(join(host.path, "Pulumi.dev.yaml"), "config: {}\n");
    const { status, stderr } = await host.run(["test", "-e", "Pulumi.dev.yaml"]);
    assert.equal(status, 0, stderr);
    assert.equal(
      await host.sh("ls /var/lib/edge-lab/dev; ls /var/lib/edge-lab/dev/program | grep -c junk"),
      "program\n0",
    );
  });

  describe("verbs of npm run lab", () => {
    before(() => host.stackFile());

    it("speak of the lab there", async () => {
      const status = await host.lab("status", "--json");
      assert.equal(status.status, 0, status.stderr);
      assert.deepEqual(
        { ...(JSON.parse(status.stdout) as object) },
        { stack: "dev", up: false, targetVersion: "0.0.2", vip: "192.168.76.100", devices: [] },
      );
      await host.sh(
        "mkdir -p /var/lib/edge-lab/dev/log; echo 'said there' >/var/lib/edge-lab/dev/log/depot.log",
      );
      assert.equal((await host.lab("logs", "depot")).stdout, "said there\n");
    });

    it("fail with the words and the status of that side", async () => {
      const { status, stderr } = await host.lab("logs", "it's none; $(id)");
      assert.equal(status, 1);
      assert.match(stderr, /^error: there is no log "it's none; \$\(id\)"; rule: .*; fix: depot$/m);
    });

    it("refuse the one that cannot be there", async () => {
      const { status, stderr } = await host.lab("tour");
      assert.equal(status, 1);
      assert.match(stderr, /^error: the tour is for a lab on this host; fix: /);
    });

    it("are told what pulumi config set has changed on this side", async () => {
      mkdirSync(join(host.path, ".lab/config"), { recursive: true });
      writeFileSync(
        join(host.path, ".lab/config/Pulumi.dev.yaml"),
        "config:\n  edge-lab:targetVersion: 0.0.1\n",
      );
      assert.match((await host.lab("status", "--json")).stdout, /"targetVersion": "0\.0\.1"/);
    });

    it("remove all of the lab there with destroy, for a stack that is gone too", async () => {
      const leave = (): void => {
        mkdirSync(join(host.path, ".lab/mine"), { recursive: true });
        writeFileSync(join(host.path, ".lab/mine/owner"), "stack dev\n");
      };
      await host.sh("mkdir -p /var/lib/edge-lab/other");
      leave();
      const { status, stderr } = await host.lab("destroy");
      assert.equal(status, 0, stderr);
      assert.equal(await host.sh("ls /var/lib/edge-lab"), "other");
      await host.sh("rmdir /var/lib/edge-lab/other");
      leave();
      assert.equal((await host.lab("destroy")).status, 0);
      assert.equal(await host.sh("ls /var/lib"), "");
    });
  });
});
