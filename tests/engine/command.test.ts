import { strict as assert } from "node:assert";

import { Project } from "./support/project";

const PROGRAM = `
import { local } from "@pulumi/command";
const env = process.env;
const note = (verb: string) => "echo " + verb + " $WHO >>$LOG; echo " + verb + "-$WHO; echo noted >&2";
const command = new local.Command("one", {
  create: note("create"),
  update: env.NO_UPDATE ? undefined : note("update"),
  delete: note("delete"),
  environment: { WHO: env.WHO ?? "first" },
  triggers: [env.TRIGGER ?? "a"],
  addPreviousOutputInEnv: false,
}, { deleteBeforeReplace: env.DELETE_FIRST === "yes" });
new local.Command("next", { create: "true", environment: { FROM: command.stdout } });
export const stdout = command.stdout;
export const stderr = command.stderr;
`;

describe("command provider: life of a resource", () => {
  let project: Project;

  before(async () => {
    project = new Project(PROGRAM);
    await project.init();
  });

  after(async () => {
    await project.remove();
  });

  const output = async (name: string): Promise<string> =>
    (await project.pulumi(["stack", "output", name])).trim();

  it("a preview runs nothing and knows no outputs", async () => {
    const shown = await project.pulumi(["preview"]);
    assert.match(shown, /command:local:Command one create/);
    assert.match(shown, /stdout: (output<string>|\[unknown\])/);
    assert.deepEqual(project.takeLog(), []);
  });

  it("create runs create and gives its output, without a warning", async () => {
    const shown = await project.up();
    assert.doesNotMatch(shown, /warning/i);
    assert.deepEqual(project.takeLog(), ["create first"]);
    assert.equal(await output("stdout"), "create-first");
    assert.equal(await output("stderr"), "noted");
  });

  it("without a change nothing runs, and a refresh finds nothing", async () => {
    await project.up({}, "--expect-no-changes");
    await project.pulumi(["preview", "--expect-no-changes"]);
    await project.pulumi(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
    assert.deepEqual(project.takeLog(), []);
  });

  it("a preview of a changed input runs nothing and no longer knows the outputs", async () => {
    const shown = await project.pulumi(["preview", "--diff"], { WHO: "second" });
    assert.match(shown, /~ command:local:Command: \(update\)/);
    assert.match(shown, /FROM: "create-first" => (output<string>|\[unknown\])/);
    assert.deepEqual(project.takeLog(), []);
  });

  it("a changed environment runs update in place", async () => {
    await project.up({ WHO: "second" });
    assert.deepEqual(project.takeLog(), ["update second"]);
    assert.equal(await output("stdout"), "update-second");
    const operations = project.events().flatMap((event) => event.resourcePreEvent?.metadata ?? []);
    assert.deepEqual(
      operations.filter(({ type }) => type === "command:local:Command").map(({ op }) => op),
      ["update", "update"],
    );
  });

  it("without an update command create runs instead", async () => {
    await project.up({ WHO: "third", NO_UPDATE: "yes" });
    assert.deepEqual(project.takeLog(), ["create third"]);
  });

  it("changed triggers create anew, then run the old delete with its stored environment", async () => {
    await project.up({ WHO: "fourth", TRIGGER: "b" });
    assert.deepEqual(project.takeLog(), ["create fourth", "delete third"]);
  });

  it("with deleteBeforeReplace the old delete runs first", async () => {
    await project.up({ WHO: "fifth", TRIGGER: "c", DELETE_FIRST: "yes" });
    assert.deepEqual(project.takeLog(), ["delete fourth", "create fifth"]);
  });

  it("destroy runs the stored delete and leaves an empty stack", async () => {
    await project.pulumi(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(project.takeLog(), ["delete fifth"]);
    const state = JSON.parse(await project.pulumi(["stack", "export"])) as {
      deployment: { resources?: unknown[] };
    };
    assert.deepEqual(state.deployment.resources ?? [], []);
  });
});
