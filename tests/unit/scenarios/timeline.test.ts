import assert from "node:assert/strict";

import { consoleEvent } from "../../../scenarios/engine/consoleEvents";
import { newText, reportSteps } from "../../../scenarios/engine/observer";
import { Timeline } from "../../../scenarios/engine/timeline";

const OLD = "a".repeat(64);
const NEW = "b".repeat(64);
type Report = Parameters<typeof reportSteps>[1];
const report = (change: Partial<Report> = {}): Report => ({
  device: "d",
  bootId: "1",
  event: "periodic",
  health: "green",
  booted: { commit: OLD, version: "0.0.1" },
  vip: false,
  failed: [],
  problems: [],
  ...change,
});

describe("scenario: timeline", () => {
  it("says and keeps each step with the seconds since its beginning", () => {
    let now = 5000;
    const said: string[] = [];
    const timeline = new Timeline(
      (line) => said.push(line),
      () => now,
    );
    now = 17_340;
    timeline.mark("edge-device-1", "staged", "0.0.2");
    now = 20_000;
    timeline.mark("edge-device-2", "staged");
    timeline.mark("edge-device-1", "reboot");
    assert.deepEqual(timeline.events[0], {
      seconds: 12.3,
      subject: "edge-device-1",
      step: "staged",
      detail: "0.0.2",
    });
    assert.equal(said[0], "   12.3 s  edge-device-1  staged: 0.0.2");
    assert.equal(timeline.count("edge-device-1", "staged"), 1);
    assert.equal(timeline.between("edge-device-1", "staged", "reboot"), 2.7);
    assert.equal(timeline.between("edge-device-2", "staged", "reboot"), undefined);
    assert.equal(timeline.between("edge-device-1", "staged", "reboot", 1), undefined);
  });

  const lines: [string, { step: string; detail?: string } | undefined][] = [
    ["edge-boot: boot_counter=2 entry=0", { step: "attempt", detail: "1 of 3" }],
    ["\u001b[1;1Hedge-boot: boot_counter=0 entry=0", { step: "attempt", detail: "3 of 3" }],
    [
      "edge-boot: boot_counter=-1 entry=1",
      { step: "rollback", detail: "the boot loader takes the deployment before" },
    ],
    ["edge-boot: boot_counter= entry=0", { step: "boot" }],
    [
      "[    1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
      { step: "panic", detail: "Attempted to kill init! exitcode=0x00000100" },
    ],
    ["edge: edge-device-2 rebooting into dc6fa55d8f", { step: "reboot", detail: "into dc6fa55d8f" }],
    [
      "edge: edge-device-2 health=red version=0.0.2 commit=dc6fa55d8f vip=no",
      { step: "red", detail: "version=0.0.2 commit=dc6fa55d8f vip=no" },
    ],
    [
      "edge: edge-device-2 health=none after 108 s, rebooting",
      { step: "deadline", detail: "after 108 s, rebooting" },
    ],
    ["edge: edge-device-2 health=green version=0.0.2 commit=dc6fa55d8f vip=no", undefined],
    ["edge-device-2 login: ", undefined],
  ];
  for (const [line, event] of lines) {
    it(`reads off the console: ${line.replace(/[^ -~]/g, "").trim()}`, () =>
      assert.deepEqual(consoleEvent(line), event));
  }

  it("finds what is new on a console, also when its first part was put away", () => {
    assert.equal(newText("abcdef", "cd"), "ef");
    assert.equal(newText("cdef", "cd"), "ef");
    assert.equal(newText("new file", "cd"), "new file");
    assert.equal(newText("all", ""), "all");
  });

  it("tells the steps between two reports", () => {
    const staged = { commit: NEW, version: "0.0.2" };
    assert.deepEqual(reportSteps(report(), report({ staged })), [
      { step: "staged", detail: "0.0.2 bbbbbbbbbb" },
    ]);
    assert.deepEqual(reportSteps(report({ staged }), report({ staged })), []);
    assert.deepEqual(reportSteps(report(), report({ bootId: "2", vip: true, booted: staged })), [
      { step: "owns the VIP" },
      { step: "healthy", detail: "on 0.0.2 bbbbbbbbbb" },
    ]);
    assert.deepEqual(reportSteps(report(), report({ bootId: "2", health: "red" })), [
      { step: "reports red", detail: "on 0.0.1 aaaaaaaaaa" },
    ]);
    const updateError = { commit: NEW, output: "ostree pull: 1\nerror: no space\n", attempts: 2 };
    assert.deepEqual(reportSteps(report(), report({ updateError })), [
      { step: "not staged", detail: "attempt 2: error: no space" },
    ]);
  });
});
