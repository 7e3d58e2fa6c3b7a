import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { eventually, isRunning, kill, needs, openFiles, Sandbox } from "../support/sandbox";

const LIB = join(process.cwd(), "assets/host/lib");
const LOAD = `set -euo pipefail; for part in paths log wait service; do . "${LIB}/$part.sh"; done`;

/** A program that prints its process id and arguments, starts a child, and keeps running. */
const PROGRAM = `#!/usr/bin/env bash
printf '%s\\n' "\${@:2}" >"$1.args"
env >"$1.env"
sleep 1000 &
echo $$ >"$1.new" && mv "$1.new" "$1"
wait
`;

describe("service helper", () => {
  let box: Sandbox;
  let program: string;
  before(function () {
    needs(this, "supervisord", "curl", "flock");
  });
  beforeEach(() => {
    box = new Sandbox();
    program = box.path("a program");
    writeFileSync(program, PROGRAM);
    chmodSync(program, 0o755);
  });
  afterEach(() => box.remove());

  const env = { EDGE_SERVICE_MANAGER: "supervisor" };
  const shell = (script: string, ...args: string[]): ReturnType<Sandbox["run"]> =>
    box.run(["bash", "-c", `${LOAD}; ${script}`, "bash", ...args], env);
  const ok = (script: string, ...args: string[]): void => {
    const { status, stderr } = shell(script, ...args);
    assert.equal(status, 0, stderr);
  };
  const apply = (name: string, ...args: string[]): void => {
    ok('service_apply "$@"', name, program, box.path(`${name}.pid`), ...args);
  };
  const remove = (name: string): void => ok('service_remove "$1"', name);
  const pidOf = (name: string): number =>
    eventually(`${name} runs`, () => {
      const file = box.path(`${name}.pid`);
      const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
      return pid > 0 && isRunning(pid) && pid;
    });
  const supervisor = (): number => Number(box.read("services", "supervisord.pid"));
  const programs = (): number[] => box.processes(program);

  it("starts a program in the caller's namespace, with its arguments as they are", () => {
    const odd = ["two words", "it's", '"quoted"', "$(touch x)", "100%", "a;b", "", "*"];
    apply("one", ...odd);
    const pid = pidOf("one");
    assert.deepEqual(box.read("one.pid.args").split("\n").slice(0, -1), odd);
    assert.ok(box.processes().includes(pid));
    assert.equal(readlinkSync(`/proc/${pid}/ns/net`), readlinkSync(`/proc/${supervisor()}/ns/net`));
    ok("service_running one");
    assert.notEqual(shell("service_running two").status, 0);
  });

  it("gives it nothing of the caller: no environment, no terminal, no open file, no process group", () => {
    box.ok(
      [
        "bash",
        "-c",
        `exec 7</etc/hostname; ${LOAD}; service_apply one "$@"`,
        "bash",
        program,
        box.path("one.pid"),
      ],
      {
        ...env,
        EDGE_SECRET: "hush",
      },
    );
    const pid = pidOf("one");
    assert.doesNotMatch(box.read("one.pid.env"), /EDGE_|hush/);
    for (const each of [pid, supervisor()]) {
      assert.doesNotMatch(readFileSync(`/proc/${each}/environ`, "latin1"), /hush/);
      assert.ok(
        !openFiles(each).some((file) => file === "/etc/hostname" || file === box.stateDir),
        String(each),
      );
    }
  });

  it("leaves a program alone that is as it should be", () => {
    apply("one", "a");
    const pid = pidOf("one");
    apply("one", "a");
    assert.equal(pidOf("one"), pid);
  });

  it("starts a program anew when its command or a file of its configuration changed, and no other", () => {
    apply("one", "a");
    apply("two", "a");
    const [one, two] = [pidOf("one"), pidOf("two")];
    apply("one", "b");
    const changed = eventually("one is new", () => pidOf("one") !== one && pidOf("one"));
    const config = box.path("configuration of one");
    const configured = (): void =>
      ok('SERVICE_FILES=("$1"); shift; service_apply "$@"', config, "one", program, box.path("one.pid"), "b");
    writeFileSync(config, "1");
    configured();
    const third = eventually("one is new again", () => pidOf("one") !== changed && pidOf("one"));
    configured();
    assert.equal(pidOf("one"), third);
    writeFileSync(config, "2");
    configured();
    eventually("one is new once more", () => pidOf("one") !== third);
    assert.equal(pidOf("two"), two);
  });

  it("starts a program again that ended, and ends the children that it left", () => {
    apply("one");
    const pid = pidOf("one");
    kill(pid);
    eventually("one is back", () => pidOf("one") !== pid);
    eventually("one family is left", () => programs().length === 1 && box.processes().length === 3);
  });

  it("goes on when the caller's process group is killed", async () => {
    await box.killAfter(
      10_000,
      ["bash", "-c", `${LOAD}; service_apply one "$@"; kill -KILL 0`, "bash", program, box.path("one.pid")],
      env,
    );
    pidOf("one");
  });

  it("converges after SIGKILL of the supervisor, which leaves the programs behind", () => {
    apply("one");
    apply("two");
    const [one, two] = [pidOf("one"), pidOf("two")];
    kill(supervisor());
    apply("one");
    eventually("both are new", () => pidOf("one") !== one && pidOf("two") !== two);
    assert.equal(programs().length, 2);
  });

  it("converges after SIGKILL of everything, with a stale socket and a process id of someone else", () => {
    apply("one");
    const pid = pidOf("one");
    box.killAll();
    writeFileSync(box.path("services/supervisord.pid"), `${process.pid}\n`);
    apply("one");
    eventually("one is back", () => pidOf("one") !== pid);
    assert.equal(programs().length, 1);
  });

  it("converges when the state directory was removed under a running lab", () => {
    apply("one");
    const pid = pidOf("one");
    rmSync(box.path("services"), { recursive: true });
    apply("one");
    eventually("one is new", () => pidOf("one") !== pid);
    assert.equal(programs().length, 1);
  });

  for (const moment of [50, 150, 300, 500, 800]) {
    it(`converges after SIGKILL of apply ${moment} ms after its start`, async () => {
      const command = [
        "bash",
        "-c",
        `${LOAD}; service_apply one "$@"`,
        "bash",
        program,
        box.path("one.pid"),
        "a",
      ];
      await box.killAfter(moment, command, env);
      apply("one", "b");
      const asked = (): boolean => existsSync(box.path("one.pid.args")) && box.read("one.pid.args") === "b\n";
      eventually("it runs as asked", () => programs().length === 1 && asked());
      remove("one");
      eventually("nothing is left", () => box.processes().length === 0);
    });
  }

  it("removes one without the others, and with the last one everything", () => {
    apply("one");
    apply("two");
    const two = pidOf("two");
    remove("one");
    assert.equal(pidOf("two"), two);
    assert.equal(programs().length, 1);
    remove("one");
    remove("two");
    assert.deepEqual(box.processes(), []);
    assert.ok(!existsSync(box.path("services")));
    remove("two");
  });

  it("removes what a killed supervisor left running", () => {
    apply("one");
    pidOf("one");
    kill(supervisor());
    remove("one");
    eventually("nothing is left", () => box.processes().length === 0);
    assert.ok(!existsSync(box.path("services")));
  });

  it("takes several changes at once", () => {
    ok(
      'for name in a b c d; do service_apply $name "$1" "$2/$name.pid" & pids+=($!); done; for p in "${pids[@]}"; do wait $p; done',
      program,
      box.stateDir,
    );
    for (const name of ["a", "b", "c", "d"]) pidOf(name);
    assert.equal(programs().length, 4);
  });
});
