import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

import fc from "fast-check";

import { array, dictionary, padding, tuple, varuint } from "../../../assets/builders/debian/lib/gvariant";
import { storedXz } from "../../../assets/builders/debian/lib/storedXz";

describe("static deltas: the formats under them", () => {
  it("GVariant: the examples of its specification", () => {
    // ('foo', -1): a string, then an int32 at offset 4; the string's end offset follows.
    const int = Buffer.from([0xff, 0xff, 0xff, 0xff]);
    assert.equal(
      tuple([{ data: Buffer.from("foo\0") }, { data: int, align: 4, fixed: true }]).toString("hex"),
      "666f6f00ffffffff04",
    );
    // ['i', 'can', 'has']: ends after the elements.
    assert.equal(
      array(["i\0", "can\0", "has\0"].map((s) => Buffer.from(s))).toString("hex"),
      "690063616e0068617300" + "02060a",
    );
  });

  it("GVariant: offsets grow with the container, and count themselves", () => {
    assert.equal(array([Buffer.alloc(254)]).length, 255);
    assert.equal(array([Buffer.alloc(255)]).length, 257);
    assert.equal(array([Buffer.alloc(65_534)]).length, 65_538);
  });

  it("GVariant: a dictionary's value is aligned and names its type", () => {
    const entry = dictionary({ "ostree.endianness": { data: Buffer.from("l"), type: "y" } });
    assert.equal(entry.subarray(24, 27).toString("hex"), "6c0079");
    assert.deepEqual([...entry.subarray(-2)], [18, 28]);
  });

  it("varuint and padding", () => {
    assert.equal(varuint(0).toString("hex"), "00");
    assert.equal(varuint(300).toString("hex"), "ac02");
    assert.equal(varuint(2 ** 40).toString("hex"), "808080808020");
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(1, 4, 8), (n, a) => (n + padding(n, a).length) % a === 0),
    );
  });

  it("stored .xz: xz reads back what went in, at any length", function () {
    this.timeout(60_000);
    const sizes = [0, 1, 3, 65_535, 65_536, 65_537, 200_000];
    for (const size of sizes) {
      const data = Buffer.alloc(size, "edge lab ");
      const { stdout, stderr, status } = spawnSync("xz", ["-dc"], {
        input: storedXz(data),
        maxBuffer: 1 << 20,
      });
      assert.equal(status, 0, `${String(size)}: ${stderr.toString()}`);
      assert.ok(stdout.equals(data), `${String(size)} bytes came back as ${String(stdout.length)}`);
    }
  });
});
