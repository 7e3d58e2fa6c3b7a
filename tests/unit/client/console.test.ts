import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";

import fc from "fast-check";

import { installState, lastLines, readConsole } from "../../../client/console";
import { consoleLog } from "../../../protocol/paths";
import { TempDir } from "../../support/tempProject";

describe("installState", () => {
  const at = (...lines: string[]): ReturnType<typeof installState> => installState(lines.join("\n"));

  it("waits, with the last step", () => {
    assert.deepEqual(at(""), { kind: "waiting", step: undefined });
    assert.deepEqual(
      at("Booting", "[  1.0] edge-install: 3 partitions", "noise", "edge-install: 9 pulling x"),
      {
        kind: "waiting",
        step: "9 pulling x",
      },
    );
  });

  it("is complete when the installer says so", () => {
    assert.deepEqual(at("edge-install: 9 pulling", "edge-install: complete"), { kind: "complete" });
    assert.deepEqual(at("edge-install: 41.2 complete", "[  OK  ] Reached target"), { kind: "complete" });
    assert.equal(at("edge-install: 9 complete the disk").kind, "waiting");
    assert.equal(at("edge-install: 9 incomplete").kind, "waiting");
  });

  it("has failed with the installer's reason, whatever comes after", () => {
    assert.deepEqual(at("edge-install: FAILED: no disk", "edge-install: complete"), {
      kind: "failed",
      reason: "no disk",
    });
    assert.deepEqual(at("edge-install: FAILED"), { kind: "failed", reason: "" });
  });
});

describe("lastLines", () => {
  it("are the last that are not blank", () => {
    assert.deepEqual(lastLines("a\n\nb  \n   \nc\n\n", 2), ["b", "c"]);
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 20 }), (lines, count) => {
        const result = lastLines(lines.join("\n"), count);
        assert.ok(result.length <= count);
        assert.ok(result.every((line) => line.trim() !== ""));
      }),
    );
  });
});

describe("readConsole", () => {
  let dir: TempDir;
  const path = (): string => consoleLog(dir.path, "edge-device-1");
  beforeEach(() => {
    dir = new TempDir();
    mkdirSync(`${dir.path}/console`);
  });
  afterEach(() => dir.remove());

  it("is empty before the device was switched on", () => {
    assert.equal(readConsole(dir.path, "edge-device-1"), "");
  });

  it("puts virtlogd's older parts first", () => {
    writeFileSync(path(), "three\n");
    writeFileSync(`${path()}.0`, "two\n");
    writeFileSync(`${path()}.1`, "one\n");
    assert.equal(readConsole(dir.path, "edge-device-1"), "one\ntwo\nthree\n");
  });

  it("is plain text: no colours, cursor moves or carriage returns", () => {
    writeFileSync(
      path(),
      "\u001bc\u001b[?7l\u001b[2J\u001b[0;1;31mred\u001b[0m\r\n\u001b(B[\u001b[32m  OK  \u001b[0m] Started\r\r\nx\ry\n",
    );
    assert.equal(readConsole(dir.path, "edge-device-1"), "red\n[  OK  ] Started\nx\ny\n");
  });

  it("finds the installer's lines between them", () => {
    writeFileSync(path(), "\u001b[1medge-install: 12 pulling\u001b[0m\r\nedge-install: 50 complete\r\n");
    assert.deepEqual(installState(readConsole(dir.path, "edge-device-1")), { kind: "complete" });
  });

  it("takes bytes that are no text", () => {
    writeFileSync(path(), Buffer.from([0xff, 0x00, 0x1b, 0x5b, 0x0a, 0x61, 0x0a]));
    assert.match(readConsole(dir.path, "edge-device-1"), /a\n$/);
  });
});
