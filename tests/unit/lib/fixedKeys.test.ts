import assert from "node:assert/strict";

import { resolveConfig, type LabConfig } from "../../../lib/config";
import { fixedKeyProblems } from "../../../lib/fixedKeys";
import { EMPTY_STATE, parseStackState, type StackState } from "../../../lib/stackState";

const HOST = { EDGE_BUILDER: "debian", EDGE_BRIDGE: "edgelab0", EDGE_NETWORK: "edge-lab" };
const there = "qemu+ssh://me@host.example/system";

function made(environment: Record<string, string> = HOST, diskGiB = 16): StackState {
  const resources = [
    { urn: "urn::host-setup", type: "command:local:Command", inputs: { create: "", environment } },
    {
      urn: "urn::edge-device-1-disk",
      type: "libvirt:index/volume:Volume",
      inputs: { name: "x", pool: "edge-lab", size: diskGiB * 2 ** 30 },
    },
  ];
  return parseStackState(JSON.stringify({ checkpoint: { latest: { resources } } }));
}
const config = (raw: Record<string, unknown> = {}): LabConfig => resolveConfig(raw, "test");
const refused = (raw: Record<string, unknown>, state = made()): string[] =>
  fixedKeyProblems(config(raw), state).map((p) => p.key);

describe("keys that a lab keeps while it exists", () => {
  it("are free before the lab is made", () => {
    const raw = { network: { name: "other", bridge: "br9" }, device: { diskGiB: 8 } };
    assert.deepEqual(refused(raw, EMPTY_STATE), []);
  });

  it("are no problem where nothing changes, or a disk grows", () => {
    assert.deepEqual(refused({}), []);
    assert.deepEqual(refused({ device: { diskGiB: 20 } }), []);
  });

  for (const [key, raw] of [
    ["builder", { builder: "osbuild", bootIso: "/iso" }],
    ["libvirtUri", { libvirtUri: there, hostKeys: ["ssh-ed25519 AAAA host"] }],
    ["network.mode", { network: { mode: "lan", uplink: "eth0", vip: "192.168.76.99", bridge: "edgelab0" } }],
    ["network.bridge", { network: { bridge: "br9" } }],
    ["network.name", { network: { name: "other" } }],
    ["device.diskGiB", { device: { diskGiB: 8 } }],
  ] satisfies [string, Record<string, unknown>][]) {
    it(`names ${key}, what the lab was made with, and what to do`, () => {
      const devices = [
        { name: "edge-device-1", role: "primary", address: "192.168.76.11" },
        { name: "edge-device-2", role: "backup", address: "192.168.76.12" },
      ];
      assert.deepEqual(refused({ devices, ...raw }), [key]);
      const [problem] = fixedKeyProblems(config({ devices, ...raw }), made());
      assert.match(problem?.rule ?? "", /\((debian|this host|nat|edgelab0|edge-lab)\)|is at least 16/);
      assert.match(problem?.fix ?? "", /npm run destroy/);
    });
  }

  it("another distribution of the same builder is named as well", () => {
    const state = made({ ...HOST, EDGE_BUILDER: "osbuild", EDGE_DISTRIBUTION: "rhel-9" });
    assert.deepEqual(refused({ builder: "osbuild", bootIso: "/iso" }, state), []);
    assert.deepEqual(refused({ builder: "osbuild", bootIso: "/iso", distribution: "fedora-42" }, state), [
      "distribution",
    ]);
  });

  it("another way to the same host is no other host", () => {
    const remote = JSON.stringify({ user: "me", host: "host.example", port: 22 });
    const raw = { hostKeys: ["ssh-ed25519 AAAA host"], libvirtUri: there.replace("/system", ":2222/system") };
    assert.deepEqual(refused(raw, made({ ...HOST, EDGE_REMOTE: remote })), []);
  });
});
