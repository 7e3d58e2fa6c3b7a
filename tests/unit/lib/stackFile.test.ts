import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import fc from "fast-check";
import { stringify } from "yaml";

import {
  mergeSources,
  parseEngineConfig,
  parseProjectDefaults,
  parseStackFile,
  parseStoredConfig,
} from "../../../lib/stackFile";

describe("parseStackFile", () => {
  it("reads the committed stacks", () => {
    const keys = parseStackFile(readFileSync("Pulumi.dev.yaml", "utf8"), "Pulumi.dev.yaml");
    assert.equal(keys["builder"], "debian");
    assert.deepEqual(keys["network"], { mode: "nat", cidr: "192.168.76.0/24" });
  });

  it("finds nothing in an empty file, a comment, or an empty config", () => {
    for (const text of ["", "# nothing\n", "config:\n", "config: {}\n", "environment: [x]\n"]) {
      assert.deepEqual(parseStackFile(text, "f"), {});
    }
  });

  it("gives back what a YAML writer wrote", () => {
    const key = fc
      .stringMatching(/^[a-zA-Z]{1,8}$/)
      .filter((k) => !/^(password|activationKey|secure)$/.test(k));
    const keys = fc.dictionary(key, fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string())));
    fc.assert(
      fc.property(keys, (map) => {
        const config = Object.fromEntries(Object.entries(map).map(([k, v]) => [`edge-lab:${k}`, v]));
        assert.deepEqual(parseStackFile(stringify({ config }), "f"), { ...map });
      }),
    );
  });

  it("never shows a word of a file that is no YAML", () => {
    for (const text of [
      "config:\n  edge-lab:coreUser: {password: hunter2",
      'config: "hunter2" x',
      "hunter2: [a]]",
      "config: *hunter2",
      "config: &hunter2 [*hunter2]",
      "config:\n  edge-lab:coreUser: !hunter2 hunter2\n bad",
    ]) {
      assert.throws(
        () => parseStackFile(text, "f"),
        (e) => e instanceof Error && /is YAML|map of keys/.test(e.message) && !e.message.includes("hunter2"),
        text,
      );
    }
  });

  it("has no warnings either: they would quote the file", () => {
    const original = process.emitWarning.bind(process);
    const warnings: unknown[] = [];
    process.emitWarning = (warning: unknown) => void warnings.push(warning);
    try {
      parseStackFile("config:\n  edge-lab:builder: !hunter2 debian\n", "f");
    } finally {
      process.emitWarning = original;
    }
    assert.deepEqual(warnings, []);
  });

  const local = `encryptionsalt: v1:abc
config:
  edge-lab:builder: debian
  edge-lab:coreUser: { authorizedKeys: [], password: { secure: v1:def } }
  edge-lab:subscription: { username: me, password: clear }
  edge-lab:top: { secure: v1:ghi }
  libvirt:uri: qemu:///system
`;

  it("reads Pulumi's own copy for its plain values, without keys that hold or may hold a secret", () => {
    const stored = local.replace("password: clear", "password: { secure: v1:jkl }");
    assert.deepEqual(parseStoredConfig(stored, "f", "dev"), { builder: "debian" });
  });

  it("names every secret of a committed file, and never its value", () => {
    assert.throws(
      () => parseStackFile(local, "f"),
      (e) => {
        assert.ok(e instanceof Error);
        for (const name of ["coreUser.password", "subscription.password", "edge-lab:top", "libvirt:uri"]) {
          assert.ok(e.message.includes(name), name);
        }
        assert.doesNotMatch(e.message, /v1:|clear/);
        return true;
      },
    );
  });
});

describe("parseProjectDefaults", () => {
  it("takes the defaults of the namespace only", () => {
    const text = stringify({
      config: {
        "edge-lab:a": { type: "string", default: "x" },
        "edge-lab:b": { type: "string" },
        "edge-lab:c": "plain",
        "other:d": { default: 1 },
      },
    });
    assert.deepEqual(parseProjectDefaults(text, "Pulumi.yaml"), { a: "x" });
  });

  it("reads this project", () => {
    assert.deepEqual(parseProjectDefaults(readFileSync("Pulumi.yaml", "utf8"), "Pulumi.yaml"), {});
  });
});

describe("parseEngineConfig", () => {
  it("reads maps and lists as JSON and all else as text", () => {
    assert.deepEqual(
      parseEngineConfig({
        "edge-lab:network": ' {"cidr":"10.0.0.0/24"}',
        "edge-lab:devices": '[{"name":"a"}]',
        "edge-lab:targetVersion": "1.0",
        "edge-lab:blueprint": "{not json",
        "libvirt:uri": "x",
      }),
      {
        network: { cidr: "10.0.0.0/24" },
        devices: [{ name: "a" }],
        targetVersion: "1.0",
        blueprint: "{not json",
      },
    );
  });
});

describe("mergeSources", () => {
  const noNull = { noNullPrototype: true };
  const map = fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.oneof(fc.integer(), fc.array(fc.integer()), fc.record({ x: fc.integer() }, noNull)),
    noNull,
  );

  it("lets each source win over those below it, map by map", () => {
    assert.deepEqual(
      mergeSources(
        { a: 1, m: { x: 1, y: 1, z: 1 }, list: [1, 2] },
        { m: { y: 2, z: 2 }, list: [3] },
        { m: { z: 3 }, b: 3 },
      ),
      { a: 1, b: 3, m: { x: 1, y: 2, z: 3 }, list: [3] },
    );
  });

  it("keeps every key, and what is alone as it is", () => {
    fc.assert(
      fc.property(map, map, map, (defaults, file, engine) => {
        const merged = mergeSources(defaults, file, engine);
        const keys = new Set([defaults, file, engine].flatMap((source) => Object.keys(source)));
        assert.deepEqual(new Set(Object.keys(merged)), keys);
        assert.deepEqual(mergeSources({}, file, {}), { ...file });
        assert.deepEqual(mergeSources({}, {}, engine), { ...engine });
      }),
    );
  });

  it("changes none of its sources", () => {
    fc.assert(
      fc.property(map, map, map, (defaults, file, engine) => {
        const before = structuredClone([defaults, file, engine]);
        mergeSources(defaults, file, engine);
        assert.deepEqual([defaults, file, engine], before);
      }),
    );
  });

  it("does not take the project's defaults, which the engine hands over too, for something that was set", () => {
    assert.deepEqual(mergeSources({ a: "d" }, { a: "file" }, { a: "d" }), { a: "file" });
    assert.deepEqual(mergeSources({ a: "d" }, { a: "file" }, { a: "set" }), { a: "set" });
  });
});
