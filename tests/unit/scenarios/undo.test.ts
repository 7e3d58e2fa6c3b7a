import assert from "node:assert/strict";

import { Undo } from "../../../scenarios/engine/undo";

describe("what a scenario puts back", () => {
  let done: string[];
  let undo: Undo;
  const step = (name: string) => (): Promise<void> => Promise.resolve(void done.push(name));
  beforeEach(() => {
    done = [];
    undo = new Undo();
  });

  it("is put back once, the last change first", async () => {
    undo.add(step("first"));
    const second = undo.add(step("second"));
    undo.add(step("third"));
    await second();
    await second();
    await undo.all();
    await undo.all();
    assert.deepEqual(done, ["second", "third", "first"]);
  });

  it("begins with what has to be first, and once it has begun nothing is changed any more", async () => {
    undo = new Undo(step("release"));
    undo.add(step("first"));
    undo.add(async () => {
      assert.throws(() => undo.add(step("late")), /interrupted/);
      assert.throws(() => undo.check(), /interrupted/);
      await step("second")();
    });
    undo.check();
    await Promise.all([undo.all(), undo.all()]);
    assert.deepEqual(done, ["release", "second", "first"]);
  });

  it("is put back whatever fails, and the failure is told", async () => {
    undo.add(step("first"));
    undo.add(() => Promise.reject(new Error("no")));
    await assert.rejects(undo.all(), /no/);
    assert.deepEqual(done, ["first"]);
  });
});
