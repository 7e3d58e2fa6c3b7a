import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BoundedLog } from "../../../depot/boundedLog";
import { Repository } from "../../../depot/repository";
import { emptyState, loadState, StateFile } from "../../../depot/state";

describe("the depot on disk", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "depot-files-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

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
      writeFileSync(path(), JSON.stringify({ ...state, log: { inode: 1, offset: 2 } }));
      assert.deepEqual(loadState(path(), none), state, "without what another version had");
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

    it("is not written again for what has not changed, and again after a write that failed", async () => {
      let asked = 0;
      let fails = true;
      const content = (): ReturnType<typeof emptyState> => {
        asked++;
        if (fails) throw new Error("disk full");
        return emptyState();
      };
      const file = new StateFile(path(), content, () => undefined);
      await file.settle();
      assert.deepEqual([asked, file.written], [0, true]);
      await assert.rejects(file.flush(), /disk full/);
      assert.equal(file.written, false);
      fails = false;
      await file.settle();
      await file.settle();
      assert.deepEqual([asked, file.written], [2, true]);
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
