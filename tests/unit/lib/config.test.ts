import assert from "node:assert/strict";

import fc from "fast-check";

import { isHostAddress, nthAddress, parseSubnet, toAddress } from "../../../lib/addresses";
import { resolveConfig, type LabConfig } from "../../../lib/config";
import { ConfigError } from "../../../lib/configErrors";
import { schema } from "../../../lib/configSchema";

/** The configuration as a stack file that omits nothing. */
function written(config: LabConfig): Record<string, unknown> {
  const { mode, cidr, vip, uplink, advertSeconds } = config.network;
  return { ...config, network: { mode, cidr, vip, advertSeconds, ...(uplink ? { uplink } : {}) } };
}

const cidr = fc
  .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 8, max: 26 }))
  .map(([n, prefix]) => {
    const network = toAddress(((n >>> (32 - prefix)) << (32 - prefix)) >>> 0);
    return `${network}/${prefix}`;
  });
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
const packages = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9.+-]{1,12}$/), { maxLength: 4 });
const releases = fc
  .uniqueArray(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 6, selector: String })
  .chain((versions) => {
    const sorted = versions.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]).map((v) => v.join("."));
    return fc.tuple(...sorted.map((version) => packages.map((addPackages) => ({ version, addPackages }))));
  });
const validConfig = fc
  .tuple(cidr, fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), releases, fc.nat(), fc.boolean())
  .map(([network, names, chain, n, withTarget]) => ({
    network: { cidr: network },
    devices: names.map((device, i) => ({ name: device, role: i === 0 ? "primary" : "backup" })),
    releases: chain,
    ...(withTarget ? { targetVersion: chain[n % chain.length]?.version } : {}),
  }));

describe("resolveConfig", () => {
  it("gives the demonstration's lab where nothing is set", () => {
    const config = resolveConfig({}, "test");
    assert.deepEqual(config.devices, [
      { name: "edge-device-1", role: "primary", address: "192.168.76.11", mac: "52:54:00:a8:4c:0b" },
      { name: "edge-device-2", role: "backup", address: "192.168.76.12", mac: "52:54:00:a8:4c:0c" },
    ]);
    assert.equal(config.network.vip, "192.168.76.100");
    assert.equal(config.network.gateway, "192.168.76.1");
    assert.equal(config.network.mode, "nat");
    assert.deepEqual(
      config.releases.map((r) => [r.version, r.addPackages]),
      [
        ["0.0.1", []],
        ["0.0.2", ["strace"]],
      ],
    );
    assert.equal(config.targetVersion, "0.0.2");
    assert.equal(config.builder, "debian");
    assert.equal(config.accelerator, "auto");
    assert.equal(config.libvirtUri, "qemu:///system");
    assert.equal(config.stateDir, ".lab");
    assert.equal(config.blueprint, "assets/blueprints/RFE.toml");
    assert.equal(config.upgradeGate, "open");
    assert.equal(config.app.release, "v1");
  });

  it("resolves what it has resolved to the same", () => {
    fc.assert(
      fc.property(validConfig, (raw) => {
        const once = resolveConfig(raw, "test");
        assert.deepEqual(resolveConfig(written(once), "test"), once);
      }),
    );
  });

  it("gives every device an address of the network and a MAC, all different, none the VIP or the gateway", () => {
    fc.assert(
      fc.property(validConfig, (raw) => {
        const { network, devices } = resolveConfig(raw, "test");
        const taken = [network.vip, network.gateway, ...devices.map((d) => d.address)];
        assert.equal(new Set(taken).size, taken.length);
        assert.equal(new Set(devices.map((d) => d.mac)).size, devices.length);
        for (const address of taken) assert.ok(isHostAddress(network, address), address);
      }),
    );
  });

  it("puts the VIP on the last host address of a network too small for .100", () => {
    assert.equal(resolveConfig({ network: { cidr: "10.9.8.64/26" } }, "test").network.vip, "10.9.8.126");
    assert.equal(resolveConfig({ network: { cidr: "10.9.8.16/28" } }, "test").network.vip, "10.9.8.30");
    assert.equal(resolveConfig({ network: { cidr: "10.9.8.128/25" } }, "test").network.vip, "10.9.8.228");
  });

  it("keeps addresses and MACs that are given, the MAC in lower case", () => {
    const devices = [
      { name: "a", role: "backup", mac: "02:00:00:AB:CD:EF" },
      { name: "b", role: "primary", address: "192.168.76.50" },
    ];
    assert.deepEqual(
      resolveConfig({ devices }, "test").devices.map((d) => [d.address, d.mac]),
      [
        ["192.168.76.11", "02:00:00:ab:cd:ef"],
        ["192.168.76.50", "52:54:00:a8:4c:32"],
      ],
    );
  });

  it("keeps a device's address and MAC when another is added after it", () => {
    fc.assert(
      fc.property(validConfig, (raw) => {
        const before = resolveConfig(raw, "test").devices;
        const more = { ...raw, devices: [...raw.devices, { name: "zz-added-one", role: "backup" }] };
        assert.deepEqual(resolveConfig(more, "test").devices.slice(0, -1), before);
      }),
    );
  });

  it("targets the last release, or the one that is named", () => {
    const chain = ["1.0.0", "1.0.10", "1.1.0"].map((version) => ({ version }));
    assert.equal(resolveConfig({ releases: chain }, "test").targetVersion, "1.1.0");
    assert.equal(resolveConfig({ releases: chain, targetVersion: "1.0.0" }, "test").targetVersion, "1.0.0");
  });

  it("takes both ways to subscribe, and a lan with its uplink", () => {
    for (const subscription of [
      { username: "u", password: "p" },
      { organization: "1", activationKey: "k" },
    ]) {
      assert.deepEqual(resolveConfig({ subscription }, "test").subscription, subscription);
    }
  });

  it("takes any address of a lan, whose gateway is not the lab's, as it is given", () => {
    const network = { mode: "lan", uplink: "eth0", cidr: "10.20.30.0/24", vip: "10.20.30.1" };
    const devices = [{ name: "a", role: "primary", address: "10.20.30.2" }];
    const config = resolveConfig({ network, devices }, "test");
    assert.equal(config.network.uplink, "eth0");
    assert.equal(config.network.vip, "10.20.30.1");
    assert.deepEqual(
      config.devices.map((d) => [d.address, d.mac]),
      [["10.20.30.2", "52:54:00:14:1e:02"]],
    );
  });
});

describe("an unknown key", () => {
  /** The places for keys, each with a function that builds a valid configuration around them. */
  const places: [string, readonly string[], (extra: object) => Record<string, unknown>][] = [
    ["", Object.keys(schema.shape), (extra) => ({ ...extra })],
    ["network", ["mode", "cidr", "vip", "uplink", "advertSeconds"], (extra) => ({ network: { ...extra } })],
    ["device", ["memoryMiB", "vcpus", "diskGiB"], (extra) => ({ device: { ...extra } })],
    ["app", ["release", "idleSeconds"], (extra) => ({ app: { ...extra } })],
    ["coreUser", ["authorizedKeys", "password"], (extra) => ({ coreUser: { ...extra } })],
    [
      "devices[0]",
      ["name", "role", "address", "mac"],
      (extra) => ({ devices: [{ name: "a", role: "primary", ...extra }] }),
    ],
    [
      "releases[0]",
      ["version", "addPackages", "removePackages"],
      (extra) => ({ releases: [{ version: "0.0.1", ...extra }] }),
    ],
  ];
  for (const [place, known, make] of places) {
    it(`is named, ${place === "" ? "at the top" : `in ${place}`}`, () => {
      const unknown = fc.string({ minLength: 1 }).filter((k) => !known.includes(k) && k !== "__proto__");
      fc.assert(
        fc.property(unknown, fc.jsonValue(), (key, value) => {
          try {
            resolveConfig(make({ [key]: value }), "test");
          } catch (e) {
            assert.ok(e instanceof ConfigError);
            assert.deepEqual(
              e.problems.map((p) => p.key),
              [place === "" ? key : `${place}.${key}`],
            );
            return;
          }
          assert.fail(`${JSON.stringify(key)} was taken`);
        }),
      );
    });
  }
});

describe("addresses of the defaults", () => {
  it("leave room for 64 devices below the VIP", () => {
    const subnet = parseSubnet("192.168.76.0/24");
    assert.ok(subnet);
    const devices = Array.from({ length: 64 }, (_, i) => ({
      name: `d${i}`,
      role: i === 0 ? "primary" : "backup",
    }));
    const resolved = resolveConfig({ devices }, "test").devices;
    assert.equal(resolved[63]?.address, nthAddress(subnet, 74));
  });
});
