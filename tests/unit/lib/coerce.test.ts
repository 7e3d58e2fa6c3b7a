import assert from "node:assert/strict";

import fc from "fast-check";

import { coerce } from "../../../lib/coerce";
import { schema } from "../../../lib/configSchema";

describe("coerce", () => {
  const read = (raw: Record<string, unknown>): unknown => coerce(schema, raw);

  it("makes numbers of texts that are one, and texts of numbers and truth values", () => {
    assert.deepEqual(
      read({
        network: { advertSeconds: "0.5" },
        app: { idleSeconds: "30" },
        subscription: { organization: 11009103, activationKey: true },
        targetVersion: 1,
      }),
      {
        network: { advertSeconds: 0.5 },
        app: { idleSeconds: 30 },
        subscription: { organization: "11009103", activationKey: "true" },
        targetVersion: "1",
      },
    );
  });

  it("leaves what cannot be meant otherwise, unknown keys included", () => {
    const raw = {
      network: { advertSeconds: "fast", constructor: "1", x: 1 },
      device: "{no json",
      devices: [1, { name: "a" }],
      app: { idleSeconds: "0x1e" },
      unknown: "1",
    };
    assert.deepEqual(read(raw), raw);
    for (const text of ["", " ", "1e", "0x10", "NaN", "Infinity", "1 2"]) {
      assert.deepEqual(read({ app: { idleSeconds: text } }), { app: { idleSeconds: text } }, text);
    }
  });

  it("gives every number back that was written as a text", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-300 }), (n) => {
        assert.deepEqual(read({ network: { advertSeconds: String(n) } }), { network: { advertSeconds: n } });
      }),
    );
  });

  it("changes nothing that is of its type already", () => {
    const right = {
      network: { advertSeconds: 0.5 },
      devices: [{ name: "a", role: "primary" }],
      hostKeys: ["k"],
    };
    assert.deepEqual(read(right), right);
  });
});
