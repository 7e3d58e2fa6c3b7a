import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { driftMarks } from "../../lib/drift";
import { parseStackState, type StackState } from "../../lib/stackState";
import { Project } from "./support/project";

/** A Command and a resource with a trigger, which carry marks like the lab's. */
const PROGRAM = `
import { local } from "@pulumi/command";
import { RandomString } from "@pulumi/random";
const env = process.env;
new local.Command("service", {
  create: "exec sh -c 'echo apply >>$LOG; echo answer'",
  environment: { ...(env.MARK ? { EDGE_DRIFT: env.MARK } : {}), LOG: env.LOG ?? "" },
  addPreviousOutputInEnv: false,
});
new RandomString("object", { length: 4 }, env.TRIGGER ? { replacementTrigger: env.TRIGGER } : {});
`;

describe("drift marks on the real engine", () => {
  let project: Project;
  before(async () => {
    project = new Project(PROGRAM);
    await project.init();
  });
  after(() => project.remove());

  const state = (): StackState =>
    parseStackState(readFileSync(project.path("backend/.pulumi/stacks/engine-test/test.json"), "utf8"));
  /** Runs `up` with a trigger and the service's findings; returns what the run changed. */
  const up = async (trigger: string | undefined, found: string[] = []): Promise<string[]> => {
    const mark = driftMarks(state(), new Map([["service", found]])).get("service");
    await project.up({
      ...(mark === undefined ? {} : { MARK: mark }),
      ...(trigger === undefined ? {} : { TRIGGER: trigger }),
    });
    return project
      .events()
      .flatMap(({ resourcePreEvent: event }) =>
        event && event.metadata.op !== "same" ? [event.metadata] : [],
      )
      .map(({ op, urn }) => `${op} ${urn.split("::").pop() ?? ""}`)
      .filter((line) => /service|object/.test(line));
  };

  it("a finding runs the Command again in place, once", async () => {
    await project.up();
    assert.deepEqual(project.takeLog(), ["apply"]);
    project.events();
    assert.deepEqual(await up(undefined, ["does not answer"]), ["update service"]);
    assert.deepEqual(project.takeLog(), ["apply"]);
    assert.equal(state().commands.get("service")?.environment["EDGE_DRIFT"], "1: does not answer");
    assert.deepEqual(await up(undefined), []);
    assert.deepEqual(await up(undefined, ["does not answer"]), ["update service"]);
    assert.equal(state().commands.get("service")?.environment["EDGE_DRIFT"], "2: does not answer");
  });

  it("a trigger replaces from its second value on, and is in the state", async () => {
    assert.deepEqual(await up("0"), []);
    assert.deepEqual(await up("0"), []);
    const replaced = await up("1: libvirt has no network");
    assert.ok(replaced.includes("replace object"), replaced.join(", "));
    assert.deepEqual(await up("1: libvirt has no network"), []);
    const text = readFileSync(project.path("backend/.pulumi/stacks/engine-test/test.json"), "utf8");
    assert.match(text, /"replacementTrigger":"1: libvirt has no network"/);
  });
});
