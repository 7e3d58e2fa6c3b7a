import assert from "node:assert/strict";

import { allSchema, allSummary } from "../../../cli/scenarioSummary";
import { ALL, scenarios } from "../../../scenarios/catalogue";
import { runAll, type AllResult } from "../../../scenarios/engine/allRuns";
import type { RunningLab } from "../../../scenarios/engine/runningLab";
import type { Scenario } from "../../../scenarios/engine/scenario";
import type { ScenarioResult } from "../../../scenarios/engine/singleRun";
import { takeoverOrder, threeDevices } from "../../../scenarios/threeDevices";

const scenario = (summary: string, unfit?: string): Scenario => ({
  summary,
  run: () => Promise.resolve({}),
  ...(unfit === undefined ? {} : { unfit: () => unfit }),
});
const result = (name: string, held: boolean): ScenarioResult => ({
  scenario: name,
  ok: held,
  seconds: 12.3,
  options: { seed: 7, cuts: 4, where: "system", loseUnflushed: false },
  base: { commit: "c", version: "0.0.2" },
  figures: { "seconds until well": 4, table: ["a"], words: "x".repeat(40), "requests\u001b[2J failed": 0 },
  fetched: [],
  invariants: [
    { name: "holds", ok: true, detail: "" },
    { name: "is well", ok: held, detail: "" },
  ],
  timeline: [],
});

describe("lab scenario all", () => {
  const ran: string[] = [];
  let all: AllResult;
  before(async () => {
    all = await runAll(
      {
        good: scenario("a"),
        unfit: scenario("b", "it needs three devices"),
        broken: scenario("c"),
        thrown: scenario("d"),
        last: scenario("e"),
      },
      {
        seed: 7,
        say: () => undefined,
        unfit: (one) => one.unfit?.({ names: [] }),
        run: (name) => {
          ran.push(name);
          if (name === "thrown") return Promise.reject(new Error("lab: not healthy\u0007\nafter 180 s"));
          return Promise.resolve(result(name, name !== "broken"));
        },
      },
    );
  });

  it("goes on after one that breaks, and leaves out what does not fit", () => {
    assert.deepEqual(ran, ["good", "broken", "thrown", "last"]);
    assert.deepEqual(
      all.results.map((r) => [r.scenario, r.outcome, r.reason]),
      [
        ["good", "ok", undefined],
        ["unfit", "skipped", "it needs three devices"],
        ["broken", "broken", "is well"],
        ["thrown", "broken", "lab: not healthy\u0007\nafter 180 s"],
        ["last", "ok", undefined],
      ],
    );
    assert.equal(all.ok, false);
    assert.equal(all.seed, 7);
  });

  it("is well if all that fit are", async () => {
    const { ok } = await runAll(
      { good: scenario("a"), unfit: scenario("b", "no") },
      {
        seed: 1,
        say: () => undefined,
        unfit: (one) => one.unfit?.({ names: [] }),
        run: (name) => Promise.resolve(result(name, true)),
      },
    );
    assert.equal(ok, true);
  });

  it("ends with a table, without control characters of a device", () => {
    const text = allSummary(allSchema.parse(JSON.parse(JSON.stringify({ ...all, seconds: 99 }))));
    assert.deepEqual(text.split("\n"), [
      "SCENARIO  RESULT   TIME    FIGURES OR REASON",
      "good      ok       12.3 s  seconds until well: 4; requests failed: 0",
      "unfit     skipped  -       it needs three devices",
      "broken    BROKEN   12.3 s  is well",
      `thrown    BROKEN   ${`${all.results[3]?.seconds} s`.padEnd(6)}  lab: not healthy after 180 s`,
      "last      ok       12.3 s  seconds until well: 4; requests failed: 0",
      "2 ok, 2 broken, 1 skipped, 99 s, seed 7",
      "",
    ]);
  });

  it("has a name that no scenario has", () => assert.ok(!(ALL in scenarios)));
});

describe("scenario three-devices", () => {
  const device = (name: string, role: string): RunningLab["devices"][number] => ({ name, role, address: "" });

  it("fits a lab with three devices, and says why not another one", () => {
    assert.equal(threeDevices.unfit?.({ names: ["a", "b", "c"] }), undefined);
    assert.match(
      threeDevices.unfit?.({ names: ["a", "b"] }) ?? "",
      /needs 3 devices, this lab has 2; fix: another backup/,
    );
  });

  it("is not the only one that needs more than one device", () => {
    const fits = (names: string[]): string[] =>
      Object.entries(scenarios)
        .filter(([, one]) => one.unfit?.({ names }) === undefined)
        .map(([name]) => name);
    const all = Object.keys(scenarios);
    assert.deepEqual(fits(["a", "b", "c"]), all);
    assert.deepEqual(
      all.filter((name) => !fits(["a"]).includes(name)),
      ["os-upgrade", "rollback", "panic", "hang", "failover", "partition", "three-devices"],
    );
  });

  it("expects the VIP at the primary first, then down the list", () => {
    const devices = [device("x", "backup"), device("y", "primary"), device("z", "backup")];
    assert.deepEqual(takeoverOrder(devices), ["y", "x", "z"]);
  });
});
