import assert from "node:assert/strict";

import fc from "fast-check";

import { release, take, type Locks } from "../../../depot/lock";
import { entry } from "../../../depot/records";

const who = (device: string, id = device) => ({ id, device, since: "2026-01-01T00:00:00.000Z" });

describe("reboot lock", () => {
  it("is granted once, and again to its holder", () => {
    const first = take({}, "default", who("a"));
    assert.equal(first.refusal, undefined);
    const again = take(first.locks, "default", { ...who("a"), since: "2027-01-01T00:00:00.000Z" });
    assert.equal(again.refusal, undefined);
    assert.equal(again.locks["default"]?.since, "2026-01-01T00:00:00.000Z");
  });

  it("names the holder when it refuses", () => {
    const { locks } = take({}, "default", who("a"));
    const { refusal } = take(locks, "default", who("b"));
    assert.equal(refusal?.kind, "failed_lock");
    assert.match(refusal.value, /^a holds the reboot lock since 2026/);
  });

  it("is separate for each group, whatever the group's name", () => {
    let locks: Locks = {};
    for (const group of ["default", "constructor", "__proto__"]) {
      const decision = take(locks, group, who(group));
      assert.equal(decision.refusal, undefined);
      locks = decision.locks;
      assert.equal(entry(locks, group)?.device, group);
    }
  });

  it("is not released by another device or another id", () => {
    const { locks } = take({}, "default", who("a"));
    assert.equal(release(locks, "default", who("b")), locks);
    assert.equal(release(locks, "default", who("a", "other")), locks);
    assert.equal(release(locks, "default", who("b", "a")), locks);
    assert.equal(release(locks, "other", who("a")), locks);
    assert.deepEqual(release(locks, "default", who("a")), {});
  });

  it("never has two holders, is never lost, and is free after its holder's release (property)", () => {
    const device = fc.constantFrom("a", "b", "c");
    const step = fc.record({ device, group: fc.constantFrom("g", "h"), take: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let locks: Locks = {};
        const model = new Map<string, string>();
        for (const s of steps) {
          if (s.take) {
            const decision = take(locks, s.group, who(s.device));
            const held = model.get(s.group);
            assert.equal(decision.refusal === undefined, held === undefined || held === s.device);
            if (decision.refusal === undefined) model.set(s.group, s.device);
            locks = decision.locks;
          } else {
            locks = release(locks, s.group, who(s.device));
            if (model.get(s.group) === s.device) model.delete(s.group);
          }
          assert.deepEqual(
            Object.fromEntries(Object.entries(locks).map(([g, h]) => [g, h.device])),
            Object.fromEntries(model),
          );
        }
      }),
    );
  });
});
