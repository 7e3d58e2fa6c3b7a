import assert from "node:assert/strict";

import fc from "fast-check";

import { reportSchema } from "../../../protocol/report";
import { printable } from "../../../protocol/text";

describe("text from devices and clients", () => {
  for (const [what, text, shown] of [
    ["colours", "\u001b[31mred\u001b[0m", "red"],
    ["the title of a window", "a\u001b]0;owned\u0007b", "ab"],
    ["a link", "\u001b]8;;http://x\u001b\\click\u001b]8;;\u001b\\", "click"],
    ["a cursor that goes back", "one\rtwo", "one\ntwo"],
    ["an eight-bit escape", "\u009b2Jx", "2Jx"],
    ["bells, NULs and backspaces", "a\u0007\u0000\bb", "ab"],
    ["marks of direction", "a\u202eb\u2066c", "abc"],
    ["half a character", "a\ud800b", "ab"],
    ["tabs, newlines and other scripts", "a\tb\nc – žluťoučký 雪 🙂", "a\tb\nc – žluťoučký 雪 🙂"],
  ] as const) {
    it(`shows nothing of ${what} that a terminal acts on`, () => assert.equal(printable(text), shown));
  }

  it("never holds a control character but tab and newline, and does not change twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = printable(text);
        assert.doesNotMatch(shown, /[^\P{Cc}\t\n]/u);
        assert.equal(printable(shown), shown);
      }),
    );
  });

  it("is cleaned wherever a report has it", () => {
    const evil = "\u001b[2Jx";
    const commit = "a".repeat(64);
    const report = reportSchema.parse({
      device: "edge-device-1",
      bootId: evil,
      event: evil,
      health: "green",
      booted: { commit, version: evil },
      vip: false,
      app: evil,
      failed: [{ commit, version: evil, cause: evil, check: evil, output: evil, time: evil }],
      updateError: { commit, output: evil, attempts: 1 },
      problems: [evil],
    });
    assert.ok(!JSON.stringify(report).includes("\\u001b"));
    assert.equal(report.problems[0], "x");
  });
});
