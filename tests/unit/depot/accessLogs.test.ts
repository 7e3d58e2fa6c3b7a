import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";

import { AccessLogs, logOf, type Positions } from "../../../depot/accessLogs";

const NOW = new Date("2026-03-04T05:06:30Z");

describe("access logs", () => {
  let dir: string;
  let lines: string[];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "depot-logs-"));
    lines = [];
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const logs = (start: Positions = {}): AccessLogs => new AccessLogs(dir, start, (l) => lines.push(...l));
  /** Appends to the log of a minute before now, as long ago. */
  const append = (minutes: number, text: string): string => {
    const time = new Date(NOW.getTime() - minutes * 60_000);
    const path = join(dir, logOf(time));
    appendFileSync(path, text);
    utimesSync(path, time, time);
    return path;
  };
  const remove = (reader: AccessLogs): void => reader.removeRead(NOW.getTime());

  it("are named by the minute, as nginx has it", () => {
    assert.equal(logOf(NOW), "2026-03-04T05:06.log");
  });

  it("are read as they grow, in the order of time, whole lines only", () => {
    const reader = logs();
    reader.poll(); // nginx has not started yet
    append(0, "three\nfo");
    append(1, "one\ntwo\n");
    reader.poll();
    assert.deepEqual(lines, ["one", "two", "three"]);
    append(0, "ur\n");
    reader.poll();
    reader.poll();
    assert.deepEqual(lines, ["one", "two", "three", "four"]);
    reader.close();
  });

  it("are removed once they are over and read, and not before", () => {
    const reader = logs();
    for (const minutes of [9, 2, 1, 0]) append(minutes, `${minutes}\n`);
    remove(reader);
    assert.equal(readdirSync(dir).length, 4, "nothing was read");
    reader.poll();
    remove(reader);
    assert.deepEqual(readdirSync(dir), ["2026-03-04T05:05.log", "2026-03-04T05:06.log"]);
    assert.deepEqual(Object.keys(reader.positions), readdirSync(dir));
    // The writer was slow: the log of a minute that is over still grows.
    const late = join(dir, "2026-03-04T05:04.log");
    appendFileSync(late, "late\n");
    utimesSync(late, NOW, NOW);
    reader.poll();
    remove(reader);
    assert.ok(readdirSync(dir).includes("2026-03-04T05:04.log"));
    assert.deepEqual(lines, ["9", "2", "1", "0", "late"]);
    reader.close();
  });

  it("of this minute and the next ones stay, whatever the time of their last line", () => {
    for (const minutes of [0, -3]) {
      const path = append(minutes, "one\n");
      utimesSync(path, 0, 0);
    }
    const reader = logs();
    reader.poll();
    remove(reader);
    assert.equal(readdirSync(dir).length, 2);
    reader.close();
  });

  it("whose name comes again, as after a clock that was set back, are new", () => {
    const reader = logs();
    const path = append(5, "one\ntwo\n");
    reader.poll();
    remove(reader);
    writeFileSync(path, "three\n");
    reader.poll();
    assert.deepEqual(lines, ["one", "two", "three"]);
    reader.close();
  });

  it("larger than what is read at once, or more than are open at once, lose nothing", () => {
    const all = Array.from({ length: 60_000 }, (_, i) => `line ${i}`);
    append(200, `${all.join("\n")}\n`);
    for (let i = 150; i > 0; i--) append(i, `${i}\n`);
    let reader = logs();
    reader.poll();
    const { positions } = reader;
    reader.close();
    reader = logs(positions);
    for (let i = 0; i < 5; i++) {
      reader.poll();
      remove(reader);
    }
    assert.equal(lines.length, all.length + 150);
    assert.deepEqual(new Set(lines).size, lines.length);
    assert.deepEqual(readdirSync(dir), ["2026-03-04T05:05.log"]);
    reader.close();
  });

  it("that are anything but a file are left alone, and keep nobody waiting", () => {
    symlinkSync("/etc/passwd", join(dir, "0001.log"));
    execFileSync("mkfifo", [join(dir, "0002.log")]);
    mkdirSync(join(dir, "0003.log"));
    append(3, "x".repeat(300_000));
    append(2, "one\n");
    const reader = logs();
    reader.poll();
    remove(reader);
    assert.deepEqual(lines, ["one"]);
    const left = ["0001.log", "0002.log", "0003.log"];
    assert.deepEqual(readdirSync(dir), left);
    reader.close();
  });

  it("that were emptied by hand are read anew", () => {
    const path = append(0, "one\ntwo\n");
    const reader = logs();
    reader.poll();
    writeFileSync(path, "3\n");
    reader.poll();
    assert.deepEqual(lines, ["one", "two", "3"]);
    reader.close();
  });

  it("give each line once, whenever the reader restarts, with the positions of any moment", () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 0, max: 3 }), cut: fc.integer({ min: 0, max: 4 }) }),
      fc.constant("poll" as const),
      fc.constant("restart" as const),
      fc.constant("remove" as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        lines = [];
        for (const name of readdirSync(dir)) rmSync(join(dir, name));
        const written: string[] = [];
        const begun = new Map<number, string>();
        let reader = logs();
        for (const each of steps) {
          if (each === "poll") reader.poll();
          else if (each === "remove") remove(reader);
          else if (each === "restart") {
            const { positions } = reader;
            reader.close();
            reader = logs(JSON.parse(JSON.stringify(positions)) as Positions);
          } else {
            // The end of the line before, then a line of which the end comes later.
            const line = `line-${written.length}`;
            const rest = begun.get(each.write) ?? "";
            // nginx writes a line at once; in a log that is over, none is half written.
            const cut = each.write > 1 ? Infinity : each.cut;
            append(each.write, `${rest}${line.slice(0, cut)}${cut === Infinity ? "\n" : ""}`);
            begun.set(each.write, cut === Infinity ? "" : `${line.slice(cut)}\n`);
            written.push(line);
          }
        }
        for (const [minutes, rest] of begun) append(minutes, rest);
        reader.poll();
        reader.close();
        assert.deepEqual([...lines].sort(), [...written].sort());
      }),
      { numRuns: 300 },
    );
  });
});
