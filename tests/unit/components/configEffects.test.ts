import assert from "node:assert/strict";

import { schema } from "../../../lib/configSchema";
import { keysOf, table } from "../../support/documents";
import { runProgram, type ProgramRun } from "../../support/program";
import { standIn } from "../../support/standIns";

/** What a change of a key does to the devices of a lab that is up. */
type Effect = "nothing" | "in place" | "rolled out" | "restarted" | "reinstalled" | "refused";

interface Row {
  readonly effect: Effect;
  /** A value other than the default. */
  readonly change: Record<string, unknown>;
  /** Resources that the change must run again, among others. */
  readonly changes: readonly string[];
}

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFub3RoZXJrZXk me@laptop";
const each = (step: string): string[] => [`edge-device-1-${step}`, `edge-device-2-${step}`];
const devices = (change: object): object[] => [
  { name: "edge-device-1", role: "primary" },
  { name: "edge-device-2", role: "backup", ...change },
];

/** One row for each key of the schema. Refused keys are cases of fixedKeys.test.ts. */
const ROWS: Record<string, Row> = {
  builder: { effect: "refused", change: {}, changes: [] },
  distribution: { effect: "refused", change: {}, changes: [] },
  libvirtUri: { effect: "refused", change: {}, changes: [] },
  "network.mode": { effect: "refused", change: {}, changes: [] },
  "network.bridge": { effect: "refused", change: {}, changes: [] },
  "network.name": { effect: "refused", change: {}, changes: [] },
  // What they are for is not part of this lab: another host, a LAN, a distribution.
  hostKeys: { effect: "nothing", change: {}, changes: [] },
  "network.uplink": { effect: "nothing", change: {}, changes: [] },
  subscription: { effect: "nothing", change: {}, changes: [] },
  bootIso: { effect: "nothing", change: {}, changes: [] },
  // Another state directory is another lab.
  stateDir: { effect: "refused", change: {}, changes: [] },
  accelerator: { effect: "restarted", change: { accelerator: "kvm" }, changes: each("domain") },
  "network.cidr": {
    effect: "reinstalled",
    change: { network: { cidr: "10.9.8.0/24" } },
    changes: ["bridge-network", ...each("disk")],
  },
  "network.vip": {
    effect: "reinstalled",
    change: { network: { vip: "192.168.76.99" } },
    changes: each("disk"),
  },
  "network.advertSeconds": {
    effect: "in place",
    change: { network: { advertSeconds: 0.5 } },
    changes: each("settings"),
  },
  "ports.registry": { effect: "reinstalled", change: { ports: { registry: 5001 } }, changes: each("disk") },
  "ports.content": { effect: "reinstalled", change: { ports: { content: 8001 } }, changes: each("disk") },
  devices: {
    effect: "reinstalled",
    change: { devices: devices({ address: "192.168.76.50" }) },
    changes: ["edge-device-2-disk"],
  },
  "device.memoryMiB": {
    effect: "restarted",
    change: { device: { memoryMiB: 2560 } },
    changes: [...each("domain"), ...each("ready")],
  },
  "device.vcpus": {
    effect: "restarted",
    change: { device: { vcpus: 1 } },
    changes: [...each("domain"), ...each("ready")],
  },
  "device.diskGiB": {
    effect: "in place",
    change: { device: { diskGiB: 20 } },
    changes: [...each("disk"), ...each("settings")],
  },
  blueprint: {
    effect: "rolled out",
    change: { blueprint: "tests/unit/components/other.toml" },
    changes: ["commit-0.0.1-compose", "commit-0.0.2-compose", "os-rollout"],
  },
  releases: {
    effect: "rolled out",
    change: { releases: [{ version: "0.0.1" }, { version: "0.0.2", addPackages: ["vim"] }] },
    changes: ["commit-0.0.2-compose", "os-rollout"],
  },
  targetVersion: { effect: "rolled out", change: { targetVersion: "0.0.1" }, changes: ["os-rollout"] },
  upgradeGate: { effect: "in place", change: { upgradeGate: "closed" }, changes: ["depot-service"] },
  "app.release": {
    effect: "in place",
    change: { app: { release: "v2" } },
    changes: ["app-prod-push", "app-served"],
  },
  "app.idleSeconds": { effect: "in place", change: { app: { idleSeconds: 30 } }, changes: each("settings") },
  "coreUser.authorizedKeys": {
    effect: "in place",
    change: { coreUser: { authorizedKeys: [KEY] } },
    changes: each("settings"),
  },
  "coreUser.password": {
    effect: "in place",
    change: { coreUser: { password: "correct horse" } },
    changes: each("settings"),
  },
  "coreUser.passwordLogin": {
    effect: "in place",
    change: { coreUser: { passwordLogin: true } },
    changes: each("settings"),
  },
};

/** Inputs, by name, of all resources that are no components. */
function inputs(run: ProgramRun): Map<string, string> {
  return new Map(run.resources.filter((r) => r.custom).map((r) => [r.name, JSON.stringify(r.inputs)]));
}

const diskName = (run: ProgramRun, device: string): unknown =>
  run.resources.find((r) => r.name === `${device}-disk`)?.inputs["name"];

/** What the difference between two runs means for the devices: the most intrusive of it. */
function effectOf(before: ProgramRun, after: ProgramRun, changed: readonly string[]): Effect {
  const names = ["edge-device-1", "edge-device-2"];
  if (names.some((name) => diskName(before, name) !== diskName(after, name))) return "reinstalled";
  if (changed.some((name) => name.endsWith("-domain"))) return "restarted";
  if (changed.includes("os-rollout")) return "rolled out";
  return changed.length > 0 ? "in place" : "nothing";
}

describe("a changed key on a lab that is up", function () {
  this.timeout("60s");
  const run = (config: Record<string, unknown>): Promise<ProgramRun> => runProgram({ standIn, config });
  let first: ProgramRun;
  before(async () => {
    first = await run({ accelerator: "tcg" });
  });

  it("has a row here for every key of the schema", () => {
    assert.deepEqual(Object.keys(ROWS).sort(), keysOf(schema).sort());
  });

  it("has the effect that the README names", () => {
    const documented = table("README.md", "key", "a lab that is up").map(([keys = "", effect = ""]) => [
      keys,
      effect,
    ]);
    const expected = Object.entries(ROWS).map(([key, { effect }]): [string, string] => [key, effect]);
    const rows = documented.flatMap(([keys = "", effect = ""]) =>
      keys.split(", ").map((key): [string, string] => [key, /^[a-z ]+/.exec(effect)?.[0].trim() ?? ""]),
    );
    assert.deepEqual(rows.sort(), expected.sort());
  });

  for (const [key, { effect, change, changes }] of Object.entries(ROWS)) {
    if (changes.length === 0) continue;
    it(`${key}: ${effect}`, async () => {
      const after = await run({ accelerator: "tcg", ...change });
      const [old, now] = [inputs(first), inputs(after)];
      const changed = [...now.keys()].filter((name) => old.get(name) !== now.get(name)).sort();
      for (const name of changes) assert.ok(changed.includes(name), `${name} among ${changed.join(" ")}`);
      assert.equal(effectOf(first, after, changed), effect, changed.join(" "));
    });
  }
});
