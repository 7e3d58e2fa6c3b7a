import assert from "node:assert/strict";

import { numbersIn } from "../../../scenarios/engine/flushControl";

describe("scenario power-cut, the control's numbers", () => {
  it("are the last ones of each kind", () => {
    const lines = ["flushed 7", "unflushed 1", "unflushed 12", "unflushed 1", "unflushed 3"];
    assert.deepEqual(numbersIn(lines), { flushed: 7, unflushed: 3 });
  });

  it("are none where nothing was written, so that no comparison holds", () => {
    const { flushed, unflushed } = numbersIn(["flushed"]);
    assert.ok(Number.isNaN(flushed) && Number.isNaN(unflushed));
  });
});
