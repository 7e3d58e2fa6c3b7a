import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { schema } from "../../../lib/configSchema";
import { boundRows, DEVICE_STATES, stateDiagram, TRANSITIONS } from "../../../protocol/deviceStates";
import { scenarios } from "../../../scenarios/catalogue";
import { keysOf, table } from "../../support/documents";

const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "docs/ARCHITECTURE.md",
  "docs/SECURITY.md",
  "toolchain/README.md",
];
const read = (path: string): string => readFileSync(path, "utf8");

describe("documents", () => {
  it("README has a row for every configuration key, and no other", () => {
    const rows = table("README.md", "key", "meaning").map(([key = ""]) => key);
    const keys = keysOf(schema);
    assert.ok(keys.length > 15, keys.join(" "));
    // A group that is always set as a whole has one row.
    const covered = (key: string): boolean => rows.includes(key) || rows.includes(key.split(".")[0] ?? "");
    assert.deepEqual(
      keys.filter((key) => !covered(key)),
      [],
    );
    assert.deepEqual(
      rows.filter((row) => !keys.some((key) => key === row || key.startsWith(`${row}.`))),
      [],
    );
  });

  it("each promise of SECURITY.md names tests that are there", () => {
    const rows = table("docs/SECURITY.md", "promise", "test");
    assert.ok(rows.length > 5);
    for (const [promise = "", test = ""] of rows) {
      const files = test.split(", ");
      for (const file of files) assert.ok(existsSync(`tests/${file}`), `${promise}: ${file}`);
    }
  });

  it("README has a row for every scenario, and no other", () => {
    const rows = table("README.md", "scenario", "what happens").flatMap(([names = ""]) => names.split(", "));
    assert.deepEqual(rows.sort(), Object.keys(scenarios).sort());
  });

  it("README has a row for every output, and no other", () => {
    const rows = table("README.md", "output", "what").flatMap(([names = ""]) => names.split(", "));
    const returned = /\n {2}return \{\n([\s\S]*?)\n {2}\};/.exec(read("index.ts"))?.[1] ?? "";
    // One that only some builders have is spread: ...(value && { name: value }).
    const outputs = [...returned.matchAll(/^ {4}(?:\.\.\.\([^{]*\{ )?(\w+)[:,]/gm)].map(
      ([, name = ""]) => name,
    );
    assert.deepEqual(rows.sort(), outputs.sort());
  });

  it("every scenario is a file of its own name, with a summary", () => {
    for (const [name, { summary }] of Object.entries(scenarios)) {
      const file = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      assert.ok(existsSync(`scenarios/${file}.ts`), name);
      assert.ok(summary.length > 20, name);
    }
  });

  it("the architecture's rooms are those that the imports are held to", async () => {
    const rules = (await import(pathToFileURL(".dependency-cruiser.mjs").href)) as {
      ROOMS: Record<string, string[]>;
    };
    const rows = table("docs/ARCHITECTURE.md", "room", "holds", "imports").map(
      ([room = "", , imports = ""]): [string, string[]] => [
        room.replace(/\/$/, ""),
        imports === "nothing but zod" ? [] : imports.split(", "),
      ],
    );
    assert.deepEqual(Object.fromEntries(rows), rules.ROOMS);
  });

  it("the architecture draws the states of a device as the table has them", () => {
    const drawn = /```mermaid\n(stateDiagram[^`]*)\n```/.exec(read("docs/ARCHITECTURE.md"))?.[1];
    assert.equal(drawn, stateDiagram());
    const rows = table("docs/ARCHITECTURE.md", "state", "health");
    const states = Object.entries(DEVICE_STATES).map(([name, s]) => [
      name,
      s.health,
      s.updatePhase,
      s.bootCounter,
      s.meaning,
    ]);
    assert.deepEqual(rows, states);
    assert.deepEqual(table("docs/ARCHITECTURE.md", "from and to", "when", "bound"), boundRows());
    // Mermaid ends a transition's text there.
    for (const { when } of TRANSITIONS) assert.doesNotMatch(when, /[:;]/);
  });

  for (const document of DOCUMENTS) {
    const base = document.includes("/") ? document.slice(0, document.lastIndexOf("/") + 1) : "";

    it(`${document} names only files and npm scripts that are there`, () => {
      const text = read(document);
      const roots =
        /^(assets|cli|client|components|depot|docs|lib|operations|protocol|scenarios|tests|toolchain)\//;
      const paths = [...text.matchAll(/`([\w./-]+)`/g)]
        .map(([, path = ""]) => path)
        .filter((p) => roots.test(p));
      const missing = paths.filter((path) => !existsSync(path) && !existsSync(`${base}${path}`));
      // A name in capitals is a placeholder.
      assert.deepEqual(
        missing.filter((path) => !/[A-Z]{4}/.test(path)),
        [],
      );
      const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) => path);
      const from = document === "docs/ARCHITECTURE.md" ? "docs/" : base;
      assert.deepEqual(
        links.filter((path) => !existsSync(`${from}${path}`)),
        [],
      );
      const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
      const called = [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = ""]) => name);
      assert.deepEqual(
        called.filter((name) => !(name in scripts)),
        [],
      );
    });
  }
});
