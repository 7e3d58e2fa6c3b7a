import assert from "node:assert/strict";

import fc from "fast-check";

import { describe as describeDevices, judge } from "../../../operations/rollout/verdict";
import type { DeviceView } from "../../../protocol/status";

type Report = NonNullable<DeviceView["report"]>;

const NEW = "b".repeat(64);
const OLD = "a".repeat(64);
const NAMES = ["d1", "d2"];
const GOAL = { commit: NEW, gateOpen: false };

function device(name: string, change: Partial<Report> = {}): DeviceView {
  const report: Report = {
    device: name,
    bootId: "boot",
    event: "boot",
    health: "green",
    booted: { commit: OLD, version: "0.0.1" },
    vip: false,
    failed: [],
    problems: [],
    updatePhase: "idle",
    ...change,
  };
  const receivedAt = "2026-11-23T10:00:00.000Z";
  return { name, role: "backup", address: "192.168.76.11", receivedAt, ageSeconds: 5, report };
}
const onNew = { booted: { commit: NEW, version: "0.0.2" } };
const failedNew = { failed: [{ commit: NEW, check: "01_check_upgrade.sh", output: "refused" }] };

describe("judge", () => {
  it("is done when every device is green on the commit", () => {
    assert.deepEqual(judge([device("d1", onNew), device("d2", onNew)], NAMES, GOAL), { kind: "done" });
  });

  const waiting: [string, DeviceView[], string[]][] = [
    ["a device is on the old commit", [device("d1", onNew), device("d2")], ["d2"]],
    [
      "a device is not healthy yet",
      [device("d1", onNew), device("d2", { ...onNew, health: "pending" })],
      ["d2"],
    ],
    [
      "a device is red on the commit and may still roll back",
      [device("d1", onNew), device("d2", { ...onNew, health: "red" })],
      ["d2"],
    ],
    ["a device has not reported", [device("d1", onNew), { ...device("d2"), report: null }], ["d2"]],
    ["a device is not known to the depot", [device("d1", onNew)], []],
    ["the depot knows none", [], []],
    [
      "a device failed another commit before",
      [device("d1", onNew), device("d2", { failed: [{ commit: "c" }] })],
      ["d2"],
    ],
    [
      "a device that failed it before runs it now",
      [device("d1", { ...onNew, ...failedNew }), device("d2")],
      ["d2"],
    ],
  ];
  for (const [what, devices, names] of waiting) {
    it(`goes on while ${what}`, () => {
      const verdict = judge(devices, NAMES, GOAL);
      const waitingFor = verdict.kind === "going" ? verdict.waitingFor.map((d) => d.name) : verdict.kind;
      assert.deepEqual(waitingFor, names);
    });
  }

  it("has failed when a device rolled back from the commit, and says why", () => {
    const verdict = judge([device("d1", onNew), device("d2", failedNew)], NAMES, GOAL);
    assert.ok(verdict.kind === "failed");
    assert.equal(verdict.device.name, "d2");
    assert.equal(verdict.what, "01_check_upgrade.sh failed and it rolled back");
  });

  it("does not look at devices that are not the lab's", () => {
    const foreign = device("other", failedNew);
    assert.deepEqual(judge([foreign, device("d1", onNew), device("d2", onNew)], NAMES, GOAL), {
      kind: "done",
    });
  });

  it("is done for exactly the reports in which nothing is left to wait for", () => {
    const report = fc.record({
      health: fc.constantFrom("green", "red", "pending"),
      booted: fc.constantFrom({ commit: NEW }, { commit: OLD }),
      failed: fc.array(fc.constantFrom({ commit: NEW }, { commit: OLD }), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(report, report, (a, b) => {
        const { kind } = judge([device("d1", a), device("d2", b)], NAMES, GOAL);
        const failed = [a, b].some((r) => r.failed.some((f) => f.commit === NEW) && r.booted.commit !== NEW);
        const done = [a, b].every((r) => r.health === "green" && r.booted.commit === NEW);
        assert.equal(kind, failed ? "failed" : done ? "done" : "going");
      }),
    );
  });
});

describe("describe", () => {
  it("is one line on where every device stands", () => {
    const devices = [
      device("d1", { ...onNew, vip: true }),
      device("d2", { booted: { commit: OLD }, health: "pending", updatePhase: "waiting-lock" }),
    ];
    assert.equal(
      describeDevices(devices, [...NAMES, "d3"]),
      "d1 0.0.2 green, VIP; d2 aaaaaaaa pending, waiting-lock; d3 has not reported",
    );
  });
});

describe("judge, of a device that has not taken the commit", () => {
  const refused = device("d2", failedNew);
  const unable = (attempts: number): DeviceView =>
    device("d2", { updateError: { commit: NEW, output: "no space left", attempts } });

  it("waits for a device to forget what a gate has refused that is open now", () => {
    const verdict = judge([device("d1", onNew), refused], NAMES, { ...GOAL, gateOpen: true });
    assert.deepEqual(verdict, { kind: "going", waitingFor: [refused] });
  });

  it("fails by any other check, however open the gate is", () => {
    const other = device("d2", { failed: [{ commit: NEW, check: "10_services.sh" }] });
    assert.equal(judge([device("d1", onNew), other], NAMES, { ...GOAL, gateOpen: true }).kind, "failed");
  });

  it("fails when it could not be staged three times in a row, with the reason", () => {
    assert.equal(judge([device("d1", onNew), unable(2)], NAMES, GOAL).kind, "going");
    const verdict = judge([device("d1", onNew), unable(3)], NAMES, GOAL);
    assert.ok(verdict.kind === "failed");
    assert.match(verdict.what, /not be staged in 3 attempts: no space left/);
  });
});
