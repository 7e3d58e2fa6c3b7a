import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

import { DepotBox, DEPOT_ENV, DEPOT_URL, needsDepot, processField } from "../support/depotBox";
import { eventually } from "../support/sandbox";

const idOf = (user: string): string => execFileSync("id", ["-u", user], { encoding: "utf8" }).trim();

describe("the content server's users", () => {
  let box: DepotBox;
  before(function () {
    needsDepot(this);
    box = new DepotBox();
    // The sandbox's own folder is private; what is below must do without that.
    box.open();
    box.apply();
    box.ok(["assets/host/registry.sh", "apply"], {
      EDGE_GATEWAY: DEPOT_ENV.EDGE_GATEWAY,
      EDGE_REGISTRY_PORT: "5000",
    });
  });
  after(() => {
    box.remove();
  });

  /** Processes of a service, without bubblewrap's own, which stay root's. */
  const processes = (text: string): number[] =>
    box.processes(text).filter((pid) => processField(pid, "Name") !== "bwrap");
  const services: Record<string, [string, string]> = {
    nginx: ["nginx: ", "edge-lab-web"],
    "the depot": ["/opt/depot/depot.cjs", "edge-lab-depot"],
    "the registry": ["/opt/registry", "edge-lab-registry"],
  };

  for (const [service, [text, user]] of Object.entries(services)) {
    it(`${service} runs as a user of its own, with no capability and no way to one`, () => {
      const found = processes(text);
      assert.ok(found.length > 0);
      for (const pid of found) {
        const id = idOf(user);
        assert.equal(processField(pid, "Uid"), [id, id, id, id].join("\t"));
        assert.ok(Number(id) !== 0 && id !== idOf("www-data") && id !== idOf("nobody"));
        assert.equal(processField(pid, "NoNewPrivs"), "1");
        for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
          assert.equal(processField(pid, set), "0000000000000000", set);
        }
      }
    });

    it(`${service} sees nothing of the lab but what it needs`, () => {
      const [pid = 0] = processes(text);
      const root = `/proc/${pid}/root`;
      for (const path of [
        process.cwd(),
        box.stateDir,
        "/etc/shadow",
        "/etc/passwd",
        "/root",
        "/home",
        "/run/libvirt",
      ]) {
        assert.ok(!existsSync(root + path), path);
      }
      const own = { nginx: ["repo"], "the depot": ["releases", "repo"], "the registry": [] }[service];
      assert.deepEqual(existsSync(`${root}/srv`) ? readdirSync(`${root}/srv`) : [], own);
      if (service === "the depot") assert.deepEqual(readdirSync(`${root}/srv/repo`), ["refs"]);
    });
  }

  it("may write to nothing but their own folders, and others to nothing at all", () => {
    const all = box.ok(["find", box.stateDir, "!", "-type", "l", "-printf", "%p\n"]).stdout;
    const test = 'while IFS= read -r path; do [[ ! -w $path ]] || echo "${path#"$1/"}"; done';
    const writable = (user: string): string[] =>
      box
        .as(user, all, "bash", "-c", test, "bash", box.stateDir)
        .stdout.split("\n")
        .filter((path) => path !== "" && !path.startsWith("depot/access/"))
        .sort();
    assert.deepEqual(writable("nobody"), []);
    assert.deepEqual(writable("www-data"), []);
    assert.deepEqual(writable("edge-lab-web"), ["depot/access", "depot/run/api.sock"]);
    assert.deepEqual(writable("edge-lab-registry"), ["registry/data"]);
    assert.deepEqual(writable("edge-lab-depot"), [
      "depot/access",
      "depot/data",
      "depot/data/state.json",
      "depot/run",
      "depot/run/admin.sock",
      "depot/run/api.sock",
      "log/depot.log",
      "log/depot.log.1",
    ]);
  });

  it("cannot make root write somewhere else, by a link in a place where root writes", () => {
    const victim = box.path("..", "victim");
    writeFileSync(victim, "precious");
    for (const folder of ["depot", "depot/web", "depot/program", "depot/access", "depot/data", "depot/run"]) {
      for (const name of [
        "nginx.conf.new",
        "config.json.new",
        "nginx.pid",
        "access.log.1",
        "state.json.new",
        "api.sock",
      ]) {
        for (const user of ["www-data", "edge-lab-web"]) {
          box.as(user, "", "ln", "-sf", victim, box.path(folder, name));
        }
      }
    }
    box.apply();
    assert.equal(box.curl(`file://${victim}`), "precious");
    assert.ok(lstatSync(victim).isFile() && statSync(victim).uid === 0);
    assert.deepEqual(readdirSync(box.path("depot/web")), ["nginx.conf"]);
  });

  it("nobody but root asks at the admin socket, nobody but nginx at the other", () => {
    const asks = (user: string, socket: string): boolean =>
      box.as(
        user,
        "",
        "bash",
        "-c",
        'cd "$1" && curl -sf -m 5 --unix-socket "$2" http://depot/v1/lock',
        "bash",
        box.path("depot"),
        socket,
      ).status === 0;
    for (const user of ["nobody", "www-data", "edge-lab-web", "edge-lab-registry"])
      assert.ok(!asks(user, "admin.sock"), user);
    for (const user of ["nobody", "www-data", "edge-lab-registry"]) assert.ok(!asks(user, "api.sock"), user);
    assert.ok(asks("edge-lab-web", "api.sock"));
    assert.ok(asks("root", "admin.sock"));
  });

  it("serves no file that a link in the repository names", () => {
    box.put("objects/00/real.filez", "real");
    symlinkSync("real.filez", box.path("repo/objects/00/link.filez"));
    symlinkSync("/etc", box.path("repo/objects/etc"));
    symlinkSync("/usr/share", box.path("repo/objects/usr"));
    assert.equal(box.code(`${DEPOT_URL}/repo/objects/00/real.filez`), "200");
    for (const path of ["00/link.filez", "etc/ld.so.cache", "usr/common-licenses/GPL-3"]) {
      assert.match(box.code(`${DEPOT_URL}/repo/objects/${path}`), /^40[34]$/, path);
    }
  });

  it("goes on counting whatever nginx's user places among its logs", () => {
    const access = (name: string): string => box.path("depot/access", name);
    symlinkSync("/etc/passwd", access("0001.log"));
    execFileSync("mkfifo", [access("0002.log")]);
    mkdirSync(access("0003.log"));
    writeFileSync(access("0004.log"), "x".repeat(1_000_000));
    writeFileSync(access("0005.log"), "a line that is none\n1 2 3\n");
    const files = (): number => box.json<{ files: number }>("/v1/totals").files;
    const before = files();
    box.code(`${DEPOT_URL}/repo/config`);
    eventually("counted", () => files() === before + 1);
    for (const name of ["0001.log", "0002.log", "0003.log"]) rmSync(access(name), { recursive: true });
  });

  it("the state directory and the project may be in a folder that is another user's alone", () => {
    const parent = dirname(box.stateDir);
    box.ok(["chown", "nobody", parent]);
    chmodSync(parent, 0o700);
    chmodSync(box.stateDir, 0o700);
    for (const pid of [...processes("nginx: master"), ...processes("depot.cjs")])
      process.kill(pid, "SIGKILL");
    eventually(
      "both are back",
      () => box.code(`${DEPOT_URL}/repo/config`) === "200" && box.code(`${DEPOT_URL}/v1/totals`) === "200",
      30,
    );
    box.apply();
    assert.equal(box.code(`${DEPOT_URL}/repo/config`), "200");
  });
});

describe("a strict umask", () => {
  it("in the caller's shell changes nothing: the depot runs, and what it serves can be read", function () {
    needsDepot(this);
    const box = new DepotBox();
    try {
      const lab = JSON.stringify({ ref: "edge", upgradeGate: "open", devices: [] });
      box.ok(["bash", "-c", "umask 077; exec assets/host/depot.sh apply"], DEPOT_ENV, lab);
      assert.equal(box.code(`${DEPOT_URL}/repo/config`), "200");
      assert.equal(box.code(`${DEPOT_URL}/v1/totals`), "200");
    } finally {
      box.remove();
    }
  });
});
