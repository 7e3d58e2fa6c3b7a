import assert from "node:assert/strict";

import { expectedCores } from "../../../lib/accelerator";

describe("the cores that a preview expects", () => {
  const recorded = '{"accelerator":"tcg","reason":"r","cores":2}';
  const read = (text: string | undefined): unknown => text && JSON.parse(text);

  it("are those that were counted, or those that the host has now", () => {
    assert.deepEqual(read(expectedCores(recorded, ["/dev/kvm has vanished"])), JSON.parse(recorded));
    const now = expectedCores(recorded, ["/dev/kvm has vanished", "the host has 6 cores instead of 2"]);
    assert.deepEqual(read(now), { accelerator: "tcg", reason: "r", cores: 6 });
  });

  it("are not known before they were counted", () => {
    assert.equal(expectedCores(undefined, []), undefined);
    assert.equal(expectedCores('{"accelerator":"tcg","reason":"r"}', []), undefined);
  });
});
