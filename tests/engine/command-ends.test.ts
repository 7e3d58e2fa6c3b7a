import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";

import { Project, type Running, runs, until, UP } from "./support/project";

const PROGRAM = `
import { local } from "@pulumi/command";
import { RandomId } from "@pulumi/random";
new RandomId("id", { byteLength: 4 });
const env = process.env;
if (env.SCRIPT) {
  new local.Command(env.NAME ?? "script", { create: env.SCRIPT }, { customTimeouts: { create: env.TIMEOUT } });
}
if (env.LOGGINGS) {
  const create = "echo $NAME-out; echo $NAME-err >&2";
  for (const logging of ["none", "stdout", "stderr", "stdoutAndStderr"] as const) {
    new local.Command(logging, { create, logging, environment: { NAME: "shown-" + logging } });
  }
}
`;
/** Two processes; one is a grandchild that handles signals normally but outlives its parent's shell. */
const FAMILY = "sleep 71 & echo $! >$PIDS; (sleep 72 & echo $! >>$PIDS; wait) & wait";

describe("command provider: output and ends", () => {
  let project: Project;

  before(async () => {
    project = new Project(PROGRAM);
    await project.init();
  });

  after(async () => {
    await project.remove();
  });

  /** The two processes that FAMILY recorded. */
  const family = async (name: string, running?: Running): Promise<number[]> => {
    const path = project.path(name);
    const read = (): number[] =>
      existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean).map(Number) : [];
    await until(
      () => `two processes in:\n${running?.output() ?? name}`,
      () => read().length === 2,
    );
    return read();
  };

  const allGone = async (pids: number[]): Promise<void> => {
    for (const pid of pids)
      await until(
        () => `process ${pid} is gone`,
        () => !runs(pid),
      );
  };

  it("shows lines of 200 KB, and the ones after them", async () => {
    await project.up({
      NAME: "lines",
      SCRIPT: "head -c 200000 /dev/zero | tr '\\0' x; echo; echo the-end >&2",
    });
    const messages = project.events().flatMap((event) => event.diagnosticEvent?.message ?? []);
    assert.ok(messages.some((message) => message.trim().length === 200_000));
    assert.ok(messages.some((message) => message.includes("the-end")));
  });

  it("shows lines while the command runs", async () => {
    const running = project.start(UP, {
      NAME: "early",
      SCRIPT: "echo early; while [ ! -e go ]; do sleep 0.1; done",
    });
    await until(
      () => "the first line is shown",
      () => running.output().includes("early"),
    );
    project.write("go", []);
    assert.equal((await running.ended).status, 0);
  });

  it("shows only what logging names", async () => {
    await project.up({ LOGGINGS: "yes" });
    const messages = project.events().flatMap((event) => event.diagnosticEvent?.message.trim() ?? []);
    assert.deepEqual(messages.filter((message) => message.startsWith("shown-")).sort(), [
      "shown-stderr-err",
      "shown-stdout-out",
      "shown-stdoutAndStderr-err",
      "shown-stdoutAndStderr-out",
    ]);
  });

  it("an error names the status and ends with the output; nothing is stored", async () => {
    const shown = await project.fails(UP, { NAME: "refused", SCRIPT: "echo because >&2; exit 7" });
    assert.match(shown, /exit status 7/);
    assert.match(shown, /because/);
    assert.doesNotMatch(await project.pulumi(["stack", "--show-urns"]), /::refused\n/);
  });

  it("a timeout ends the command with all its children", async () => {
    const values = { SCRIPT: FAMILY, PIDS: project.path("timeout"), TIMEOUT: "2s" };
    const shown = await project.fails(UP, values);
    assert.match(shown, /timeout/);
    await allGone(await family("timeout"));
  });

  it("Ctrl-C ends the command with all its children", async () => {
    const running = project.start(UP, { SCRIPT: FAMILY, PIDS: project.path("interrupt") });
    const pids = await family("interrupt", running);
    process.kill(running.pid, "SIGINT");
    assert.notEqual((await running.ended).status, 0);
    await allGone(pids);
  });

  it("a second Ctrl-C does not wait, and ends them all the same", async () => {
    const stubborn = `trap '' TERM; ${FAMILY}`;
    const running = project.start(UP, { SCRIPT: stubborn, PIDS: project.path("twice") });
    const pids = await family("twice", running);
    process.kill(running.pid, "SIGINT");
    await until(
      () => `the first is seen:\n${running.output()}`,
      () => /cancel/i.test(running.output()),
    );
    process.kill(running.pid, "SIGINT");
    assert.notEqual((await running.ended).status, 0);
    await allGone(pids);
    await project.pulumi(["cancel", "--yes"]);
  });

  it("when the engine's process group is killed all ends with it, and the next up goes through", async () => {
    const running = project.start(UP, { SCRIPT: FAMILY, PIDS: project.path("killed") });
    await family("killed", running);
    const all = project.processes();
    assert.ok(all.length > 7, "engine, language host, node, two providers, guard, shell, sleeps");
    process.kill(-running.pid, "SIGKILL");
    await running.ended;
    await allGone(all);
    await project.pulumi(["cancel", "--yes"]);
    await project.up({ SCRIPT: "echo converged" });
  });

  it("a background process that keeps the output open does not hold the resource", async () => {
    const start = Date.now();
    await project.up({
      NAME: "background",
      SCRIPT: "sleep 73 & echo $! >$PIDS",
      PIDS: project.path("background"),
    });
    assert.ok(Date.now() - start < 15_000);
    process.kill(Number(readFileSync(project.path("background"), "utf8")));
  });
});
