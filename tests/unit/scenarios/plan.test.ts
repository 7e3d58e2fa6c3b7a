import assert from "node:assert/strict";

import { planCuts, PHASES } from "../../../scenarios/engine/cutPlan";
import { derivedVersion } from "../../../scenarios/engine/derivedRelease";
import { Random } from "../../../scenarios/engine/random";
import { parseScenario } from "../../../cli/verbs/scenario";

describe("scenario: power cuts", () => {
  it("are the same for the same seed, and others for another", () => {
    assert.deepEqual(planCuts(new Random(7), 20), planCuts(new Random(7), 20));
    assert.notDeepEqual(planCuts(new Random(7), 20), planCuts(new Random(8), 20));
  });

  it("go through every phase before one comes again, each within its phase", () => {
    const cuts = planCuts(new Random(3), PHASES.length * 4);
    for (let i = 0; i < cuts.length; i += PHASES.length) {
      const names = cuts.slice(i, i + PHASES.length).map((c) => c.phase.name);
      assert.deepEqual(names.sort(), PHASES.map((p) => p.name).sort());
    }
    for (const { phase, delay } of cuts) assert.ok(delay >= phase.from && delay <= phase.to, phase.name);
  });
});

describe("scenario: releases derived from another", () => {
  it("have a version of their own each time, with build metadata of the first one's", () => {
    const now = new Date("2026-01-02T03:04:05.006Z");
    assert.equal(derivedVersion("0.0.2", "panic", now), "0.0.2+panic.20260102T030405006Z");
    assert.equal(derivedVersion("0.0.2+x.1", "hang", now), "0.0.2+hang.20260102T030405006Z");
  });
});

describe("lab scenario, its words", () => {
  it("takes what is well formed", () => {
    const words = { seed: "7", cuts: "100", in: "initramfs", loseUnflushed: true };
    assert.deepEqual(parseScenario("power-cut", words), {
      seed: 7,
      cuts: 100,
      loseUnflushed: true,
      where: "initramfs",
    });
    const { cuts, loseUnflushed, where } = parseScenario("hang", {});
    assert.deepEqual([cuts, loseUnflushed, where], [4, false, "system"]);
    assert.equal(parseScenario("all", { seed: "3" }).seed, 3);
  });

  for (const [words, name, message] of [
    [{}, "rolback", /no scenario "rolback"; rule: all, or one of these names:[^]*rollback/],
    [{}, "toString", /no scenario "toString"/],
    [{ seed: "x" }, "hang", /--seed "x"; rule: a whole number from 0 on/],
    [{ cuts: "0" }, "power-cut", /--cuts "0"; rule: a whole number from 1 on/],
    [{ cuts: "1.5" }, "power-cut", /--cuts "1\.5"/],
    [{ loseUnflushed: true }, "hang", /--lose-unflushed with hang; rule: only power-cut cuts disks; fix: /],
    [{ in: "bios" }, "hang", /--in "bios"; rule: initramfs or system/],
  ] as const) {
    it(`refuses ${name} ${JSON.stringify(words)}`, () =>
      assert.throws(() => parseScenario(name, words), message));
  }
});
