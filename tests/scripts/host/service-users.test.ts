import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";

const USERS = ["edge-lab-web", "edge-lab-depot", "edge-lab-registry"];

describe("the users of the services", () => {
  let host: HostScripts;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new HostScripts();
    // A host's users, in files; nobody's process runs as one unless a file says so.
    mkdirSync(join(host.path, "users"));
    mkdirSync(join(host.path, "busy"));
    mkdirSync(join(host.path, "labs"));
    const at = `'${host.path}'`;
    host.program("bin/getent", `[[ $1 == passwd && -e ${at}/users/$2 ]]`);
    host.program("bin/useradd", `echo "$*" >>${at}/calls; touch ${at}/users/"\${!#}"`);
    host.program("bin/userdel", `rm ${at}/users/"$1"`);
    host.program("bin/pgrep", `[[ -e ${at}/busy/$2 ]]`);
  });
  afterEach(() => host.remove());

  const run = (text: string): void => {
    const stand =
      "libvirtd_destroy() { :; }; libvirtd_hand_over() { :; }; restore_host() { :; }; EDGE_LABS_DIR=;";
    const { status, stderr } = host.bash(
      ["paths", "log", "host-state"],
      `LABS_DIR='${host.path}/labs'; ${stand} ${text}`,
    );
    assert.equal(status, 0, stderr);
  };
  const there = (): string[] => USERS.filter((user) => existsSync(join(host.path, "users", user)));
  const make = (): void => run(USERS.map((user) => `service_user ${user}`).join("; "));

  it("are system users without a home and a shell, made once", () => {
    make();
    make();
    assert.deepEqual(there(), USERS);
    const calls = host.read("calls").trim().split("\n");
    assert.equal(calls.length, USERS.length);
    for (const call of calls) {
      assert.match(call, /^--system --user-group --no-create-home .*--shell=\S*(nologin|false) /);
    }
  });

  it("go with the last lab of the host, whatever namespace another one is in", () => {
    make();
    const other = join(host.path, "other");
    mkdirSync(other);
    writeFileSync(join(other, "owner"), "stack other\n");
    const note = join(host.path, "labs", "other");
    writeFileSync(note, `stack other\nstateDir ${other}\nnamespace name:elsewhere\n`);
    run("leave_host");
    assert.deepEqual(there(), USERS);
    mkdirSync(join(host.path, "labs"), { recursive: true });
    writeFileSync(note, `stack other\nstateDir ${other}/gone\nnamespace name:elsewhere\n`);
    run("leave_host");
    assert.deepEqual(there(), []);
  });

  it("stay while a process runs as one", () => {
    make();
    writeFileSync(join(host.path, "busy", "edge-lab-web"), "");
    run("leave_host");
    assert.deepEqual(there(), ["edge-lab-web"]);
  });
});
