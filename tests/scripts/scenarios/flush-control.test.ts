import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";

import { BLOCKS, numbersIn, reader, UNDERWAY, writer } from "../../../scenarios/engine/flushControl";

describe("scenario power-cut, the control's programs on the device", () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    // Not in /tmp, which may be in memory: that knows no writes past the page cache.
    dir = mkdtempSync("/var/tmp/edge-lab-test-");
    file = join(dir, "control");
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function bash(text: string): string[] {
    const { status, stdout, stderr } = spawnSync("bash", ["-c", text], {
      encoding: "utf8",
      env: { ...process.env, NUMBER: "7" },
    });
    assert.equal(`${status} ${stderr}`, "0 ");
    return stdout.split("\n");
  }

  it("say what the disk has acknowledged, and find it there", () => {
    const said = numbersIn(bash(writer(file)));
    assert.deepEqual(said, { flushed: 7, unflushed: BLOCKS - (BLOCKS % UNDERWAY) - UNDERWAY });
    assert.deepEqual(numbersIn(bash(reader(file))), { flushed: 7, unflushed: BLOCKS });
  });

  it("find the last write that is there, and none where there is none", () => {
    bash(writer(file));
    for (const there of [1234, 0]) {
      truncateSync(file, there * 4096);
      truncateSync(file, BLOCKS * 4096);
      assert.equal(numbersIn(bash(reader(file))).unflushed, there);
    }
  });
});
