import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { mkdirSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BoundedLog } from "../../../depot/boundedLog";
import { Repository } from "../../../depot/repository";
import { emptyState, loadState, StateFile } from "../../../depot/state";
import { LogTail, type Position } from "../../../depot/tail";

describe("the depot on disk", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "depot-files-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

  describe("access log", () => {
    let lines: string[];
    let path: string;
    const tail = (start: Position | null = null, rotateBytes?: number): LogTail =>
      new LogTail(
        {
          path,
          writerPidFile: join(dir, "nginx.pid"),
          onLines: (l) => lines.push(...l),
          ...(rotateBytes === undefined ? {} : { rotateBytes }),
        },
        start,
      );
    beforeEach(() => {
      lines = [];
      path = join(dir, "access.log");
    });

    it("is read as it grows, whole lines only", () => {
      const t = tail();
      t.poll(); // nginx has not started yet
      writeFileSync(path, "one\ntw");
      t.poll();
      assert.deepEqual(lines, ["one"]);
      appendFileSync(path, "o\nthree\n");
      t.poll();
      assert.deepEqual(lines, ["one", "two", "three"]);
      t.poll();
      assert.equal(lines.length, 3);
      t.close();
    });

    it("is read on from where it was, also from the middle of a line", () => {
      writeFileSync(path, "one\ntw");
      const first = tail();
      first.poll();
      const { position } = first;
      first.close();
      appendFileSync(path, "o\n");
      const second = tail(position);
      second.poll();
      assert.deepEqual(lines, ["one", "two"]);
      second.close();
    });

    it("larger than what is read at once loses nothing", () => {
      const all = Array.from({ length: 60_000 }, (_, i) => `line ${i}`);
      writeFileSync(path, `${all.join("\n")}\n`);
      const t = tail();
      t.poll();
      assert.deepEqual(lines, all);
      t.close();
    });

    it("is put aside when it is long; what the writer still adds to the old one counts", () => {
      writeFileSync(path, "one\ntwo\n");
      const t = tail(null, 4);
      t.poll();
      assert.deepEqual(readdirSync(dir), ["access.log.1"]);
      appendFileSync(`${path}.1`, "three\n");
      t.poll();
      writeFileSync(path, "four\n");
      t.poll(Date.now() + 1000);
      assert.deepEqual(lines, ["one", "two", "three"], "the old one may still grow");
      t.poll(Date.now() + 60_000);
      assert.deepEqual(lines, ["one", "two", "three", "four"]);
      t.close();
    });

    it("that was put aside while nobody read is read to its end first", () => {
      writeFileSync(path, "one\n");
      const first = tail();
      first.poll();
      const { position } = first;
      first.close();
      appendFileSync(path, "two\n");
      renameSync(path, `${path}.1`);
      writeFileSync(path, "three\n");
      const second = tail(position);
      second.poll();
      second.poll(Date.now() + 60_000);
      assert.deepEqual(lines, ["one", "two", "three"]);
      second.close();
    });

    it("that was emptied by hand is read anew", () => {
      writeFileSync(path, "one\ntwo\n");
      const t = tail();
      t.poll();
      writeFileSync(path, "3\n");
      t.poll();
      assert.deepEqual(lines, ["one", "two", "3"]);
      t.close();
    });
  });

  describe("count log", () => {
    it("never grows without limit", () => {
      const path = join(dir, "depot.log");
      const log = new BoundedLog(path, 100);
      for (let i = 0; i < 50; i++) log.append(["0123456789", "abcdefghi"]);
      assert.ok(statSync(path).size <= 100);
      assert.ok(statSync(`${path}.1`).size <= 100);
      assert.deepEqual(readdirSync(dir).sort(), ["depot.log", "depot.log.1"]);
    });
  });

  describe("state file", () => {
    const path = (): string => join(dir, "state.json");
    const none = (): void => assert.fail("no warning expected");
    const unexpected = (e: unknown): void => assert.fail(String(e));

    it("is read back as it was", async () => {
      const state = { ...emptyState(), locks: { g: { id: "a", device: "a", since: "s" } } };
      const file = new StateFile(path(), () => state, unexpected);
      await file.flush();
      assert.deepEqual(loadState(path(), none), state);
      assert.equal(statSync(path()).mode & 0o777, 0o600);
    });

    it("is written once for many changes, and on disk when flush returns", async () => {
      let asked = 0;
      const state = emptyState();
      const file = new StateFile(path(), () => (asked++, state), unexpected, 20);
      for (let i = 0; i < 100; i++) file.touch();
      assert.deepEqual(readdirSync(dir), []);
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(asked, 1);
      state.total.files = 7;
      await Promise.all([file.flush(), file.flush()]);
      assert.equal(loadState(path(), none).total.files, 7);
      assert.deepEqual(readdirSync(dir), ["state.json"]);
    });

    it("that is not JSON is put aside with a warning", () => {
      writeFileSync(path(), '{"total":');
      const warnings: string[] = [];
      assert.deepEqual(
        loadState(path(), (text) => warnings.push(text)),
        emptyState(),
      );
      assert.match(warnings.join(), /unreadable and is put aside/);
      assert.deepEqual(readdirSync(dir), ["state.json.unreadable"]);
    });
  });

  describe("repository", () => {
    it("knows what a ref names and which version that is", () => {
      const commit = "a".repeat(64);
      const repository = new Repository(join(dir, "repo"), join(dir, "releases"));
      assert.equal(repository.target("x/y"), null);
      assert.equal(repository.version(commit), null);
      mkdirSync(join(dir, "repo/refs/heads/x"), { recursive: true });
      mkdirSync(join(dir, "releases"));
      writeFileSync(join(dir, "repo/refs/heads/x/y"), `${commit}\n`);
      writeFileSync(join(dir, "releases/0.0.1.json"), JSON.stringify({ version: "0.0.1", commit }));
      writeFileSync(join(dir, "releases/half.json"), "{");
      assert.equal(repository.target("x/y"), commit);
      assert.equal(repository.target("x"), null);
      assert.equal(repository.version(commit), "0.0.1");
      assert.equal(readFileSync(join(dir, "releases/half.json"), "utf8"), "{");
    });
  });
});
