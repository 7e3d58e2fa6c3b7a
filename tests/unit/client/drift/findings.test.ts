import assert from "node:assert/strict";

import { readyDrift, rolloutDrift } from "../../../../client/drift/device";
import { objectDrift, type LibvirtStatus } from "../../../../client/drift/libvirt";
import { readStatus, scriptOf } from "../../../../client/drift/scripts";
import type { RecordedObject } from "../../../../lib/stackState";
import { deviceViewSchema, type DeviceView } from "../../../../protocol/status";

const V1 = "1".repeat(64);
const V2 = "2".repeat(64);
const NOW = Date.parse("2026-01-01T00:10:00Z");

const DOMAIN = {
  running: true,
  paused: false,
  volatile: false,
  autostart: true,
  definition: "u 1",
  recorded: "u 1",
  memoryMiB: 2048,
  vcpus: 2,
  since: Date.parse("2026-01-01T00:00:00Z") / 1000,
};
const libvirt: LibvirtStatus = {
  answers: true,
  domains: { d1: DOMAIN },
  networks: { net: true },
  pools: { pool: true },
  volumes: {},
};
const object = (kind: RecordedObject["kind"], libvirtName: string): RecordedObject => ({
  name: `${libvirtName}-${kind}`,
  kind,
  id: kind === "domain" ? "u" : "",
  libvirtName,
  pool: "",
  trigger: "",
  ...(kind === "domain" ? { memoryMiB: 2048, vcpus: 2 } : {}),
});
const device = (
  name: string,
  commit: string,
  failed: string[] = [],
  receivedAt = "2026-01-01T00:09:50Z",
): DeviceView =>
  deviceViewSchema.parse({
    name,
    role: "primary",
    address: "192.0.2.11",
    receivedAt,
    ageSeconds: 10,
    report: {
      device: name,
      bootId: "b",
      event: "periodic",
      health: "green",
      booted: { commit, version: "0.0.1" },
      vip: true,
      failed: failed.map((c) => ({ commit: c })),
    },
  });

type Case = readonly [string, RecordedObject["kind"], string, LibvirtStatus, readonly string[]];

describe("drift of libvirt's objects", () => {
  for (const [what, kind, name, status, says] of [
    ["as declared", "network", "net", libvirt, []],
    ["undefined", "network", "net", { ...libvirt, networks: {} }, ["libvirt has no network net"]],
    ["inactive", "pool", "pool", { ...libvirt, pools: { pool: false } }, []],
    ["undefined", "domain", "d1", { ...libvirt, domains: {} }, ["libvirt has no domain d1"]],
    [
      "of another definition",
      "domain",
      "d1",
      { ...libvirt, domains: { d1: { ...DOMAIN, definition: "u 2" } } },
      ["the domain d1 has another definition"],
    ],
    [
      "of other memory and vcpus",
      "domain",
      "d1",
      { ...libvirt, domains: { d1: { ...DOMAIN, memoryMiB: 1024, vcpus: 1 } } },
      ["the domain d1 has 1024 MiB instead of 2048", "the domain d1 has 1 vcpus instead of 2"],
    ],
    [
      "never recorded",
      "domain",
      "d1",
      { ...libvirt, domains: { d1: { ...DOMAIN, definition: "u 2", recorded: "" } } },
      [],
    ],
    [
      "recorded of the machine before",
      "domain",
      "d1",
      { ...libvirt, domains: { d1: { ...DOMAIN, recorded: "earlier 2" } } },
      [],
    ],
    [
      "that somebody else defined",
      "domain",
      "d1",
      { ...libvirt, domains: { d1: { ...DOMAIN, definition: "other 1" } } },
      ["the domain d1 is another one than the stack's: its UUID is other"],
    ],
    [
      "that was not told",
      "domain",
      "d1",
      { ...libvirt, domains: { d1: { ...DOMAIN, definition: " e3b0" } } },
      [],
    ],
    ["not known of while libvirt is away", "domain", "d1", { ...libvirt, answers: false, domains: {} }, []],
  ] satisfies Case[]) {
    it(`a ${kind} ${what}: ${says.join() || "none"}`, () => {
      assert.deepEqual(objectDrift(object(kind, name), status), says);
    });
  }
});

describe("drift of a device that was ready", () => {
  it("is none while it runs and reports", () => {
    assert.deepEqual(readyDrift("d1", libvirt, [device("d1", V1)], NOW), []);
  });
  for (const [change, says] of [
    [{ running: false }, ["it is switched off"]],
    [{ paused: true }, ["it is paused"]],
    [{ volatile: true }, ["it runs on the disk of a scenario, which loses what is not flushed"]],
    [{ autostart: false }, ["it does not start with the host"]],
    [{ running: false, autostart: false }, ["it does not start with the host", "it is switched off"]],
  ] as const) {
    it(`is: ${says.join("; ")}`, () => {
      const changed = { ...libvirt, domains: { d1: { ...DOMAIN, ...change } } };
      assert.deepEqual(readyDrift("d1", changed, [device("d1", V1)], NOW), says);
    });
  }
  it("is that its report is older than its boot", () => {
    const before = device("d1", V1, [], "2025-12-31T23:59:59Z");
    assert.deepEqual(readyDrift("d1", libvirt, [before], Date.parse("2026-01-01T00:00:05Z")), [
      "it has not reported since it was switched on",
    ]);
  });
  it("is none of a device that was switched on in the future: the clock was set back", () => {
    const later = { ...libvirt, domains: { d1: { ...DOMAIN, since: NOW / 1000 + 60 } } };
    assert.deepEqual(readyDrift("d1", later, [device("d1", V1)], NOW), []);
  });
  it("is that it has gone silent", () => {
    const silent = device("d1", V1, [], "2026-01-01T00:00:00Z");
    assert.deepEqual(readyDrift("d1", libvirt, [silent], NOW), ["it has not reported for 600 s"]);
  });
  it("is not that the depot is away, which is the depot's own, unless it has just been switched on", () => {
    assert.deepEqual(readyDrift("d1", libvirt, undefined, NOW), []);
    assert.deepEqual(readyDrift("d1", libvirt, undefined, NOW - 400_000), [
      "it has not reported since it was switched on",
    ]);
  });
  it("is unknown while libvirt is away", () => {
    assert.match(readyDrift("d1", { ...libvirt, answers: false }, [], NOW).join(), /nothing is known/);
  });
});

describe("drift of a rollout", () => {
  it("is none where ref and devices are on its commit", () => {
    assert.deepEqual(rolloutDrift({ commit: V2, ref: V2 }, [device("d1", V2)]), []);
  });
  it("is a ref that is gone: what is published in its place may be another", () => {
    assert.deepEqual(rolloutDrift({ commit: V2, ref: undefined }, [device("d1", V2)]), [
      "the published ref is gone",
    ]);
  });
  it("is a ref that names another commit, and a device that runs another", () => {
    assert.deepEqual(rolloutDrift({ commit: V2, ref: V1 }, [device("d1", V1), device("d2", V2)]), [
      "the published ref names 111111111111 instead of 222222222222",
      "d1 runs 0.0.1",
    ]);
  });
  it("is not a device on which the commit failed: it would fail again", () => {
    assert.deepEqual(rolloutDrift({ commit: V2, ref: V2 }, [device("d1", V1, [V2])]), []);
  });
});

describe("a script's status", () => {
  const command = (create: string): Parameters<typeof scriptOf>[0] => ({
    name: "x",
    create,
    environment: {},
    stdin: "",
    stdout: "",
  });
  it("is asked of the script behind a Command, on another host too, and of no program", () => {
    assert.equal(scriptOf(command("exec ./assets/host/registry.sh apply")), "./assets/host/registry.sh");
    assert.equal(
      scriptOf(command("exec ./assets/host/remote.sh ./assets/host/registry.sh apply")),
      "./assets/host/registry.sh",
    );
    assert.equal(scriptOf(command("exec ./assets/host/node.sh operations/rollout/main.ts apply")), undefined);
  });
  it("is its last line; anything else is drift that shows it", () => {
    assert.deepEqual(readStatus('progress\n{"running":true,"drift":["a"]}\n'), ["a"]);
    assert.match(readStatus("boom\u001b[31m").join(), /its status cannot be read: "boom\\u001b/);
  });
});
