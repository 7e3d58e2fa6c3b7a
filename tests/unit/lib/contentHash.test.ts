import assert from "node:assert/strict";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import { canonicalJson, hashFiles, hashOf } from "../../../lib/contentHash";
import { TempDir } from "../../support/tempProject";

/** The same value with reordered keys in every map. */
function shuffled(value: unknown, order: (keys: string[]) => string[]): unknown {
  if (Array.isArray(value)) return value.map((v) => shuffled(v, order));
  if (typeof value !== "object" || value === null) return value;
  const map = value as Record<string, unknown>;
  return Object.fromEntries(order(Object.keys(map)).map((key) => [key, shuffled(map[key], order)]));
}

describe("canonicalJson", () => {
  it("does not depend on the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, up) => {
        const other = shuffled(value, (keys) => (up ? keys.sort() : keys.sort().reverse()));
        assert.equal(canonicalJson(other), canonicalJson(value));
        assert.equal(hashOf(other), hashOf(value));
      }),
    );
  });

  it("is JSON of the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(canonicalJson(JSON.parse(canonicalJson(value))), canonicalJson(value));
        assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("depends on the order of lists, and is one line", () => {
    assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
    assert.equal(
      canonicalJson({ b: [{ d: 1, c: "x\ny" }], a: null }),
      '{"a":null,"b":[{"c":"x\\ny","d":1}]}',
    );
  });
});

describe("hashFiles", () => {
  let dir: TempDir;
  let hash: () => string;
  beforeEach(() => {
    dir = new TempDir();
    mkdirSync(join(dir.path, "src/deep"), { recursive: true });
    writeFileSync(join(dir.path, "src/a"), "one");
    writeFileSync(join(dir.path, "src/deep/b"), "two");
    symlinkSync("a", join(dir.path, "src/link"));
    writeFileSync(join(dir.path, "other"), "three");
    hash = () => hashFiles(dir.path, ["src", "other"]);
  });
  afterEach(() => dir.remove());

  it("is the same for the same files, in whatever order they are named and wherever they lie", () => {
    assert.equal(hashFiles(dir.path, ["other", "src"]), hash());
    const before = hash();
    const moved = new TempDir();
    try {
      for (const name of ["src", "other"]) renameSync(join(dir.path, name), join(moved.path, name));
      assert.equal(hashFiles(moved.path, ["src", "other"]), before);
    } finally {
      moved.remove();
    }
  });

  const changes: [string, (at: (path: string) => string) => void][] = [
    ["a content", (at) => writeFileSync(at("src/deep/b"), "2wo")],
    ["a name", (at) => renameSync(at("src/a"), at("src/c"))],
    ["a place", (at) => renameSync(at("src/deep/b"), at("src/b"))],
    ["the executable bit", (at) => chmodSync(at("src/a"), 0o755)],
    ["a new file", (at) => writeFileSync(at("src/new"), "")],
    ["a file that is gone", (at) => rmSync(at("src/a"))],
    [
      "the target of a link",
      (at) => {
        rmSync(at("src/link"));
        symlinkSync("deep/b", at("src/link"));
      },
    ],
    [
      "a file in the place of a link",
      (at) => {
        rmSync(at("src/link"));
        writeFileSync(at("src/link"), "one");
      },
    ],
    [
      "text that moves from one file to the next",
      (at) => {
        writeFileSync(at("src/a"), "onetw");
        writeFileSync(at("src/deep/b"), "o");
      },
    ],
  ];
  for (const [what, change] of changes) {
    it(`changes with ${what}`, () => {
      const before = hash();
      change((path) => join(dir.path, path));
      assert.notEqual(hash(), before);
    });
  }

  it("tells a file apart from one whose text reads like the head of another", () => {
    const two = join(dir.path, "src/deep");
    writeFileSync(join(two, "a"), "1");
    writeFileSync(join(two, "b"), "2");
    const before = hashFiles(dir.path, ["src/deep"]);
    rmSync(join(two, "b"));
    for (const head of ["file src/deep/b - \0", "file src/deep/b - 1\0", "file src/deep/b -"]) {
      writeFileSync(join(two, "a"), `1${head}2`);
      assert.notEqual(hashFiles(dir.path, ["src/deep"]), before);
    }
  });

  it("does not change with times or other permissions", () => {
    const before = hash();
    chmodSync(join(dir.path, "src/a"), 0o600);
    writeFileSync(join(dir.path, "src/a"), "one");
    assert.equal(hash(), before);
  });

  it("names a file that is not there", () => {
    assert.throws(() => hashFiles(dir.path, ["none"]), /ENOENT.*none/);
  });
});
