import assert from "node:assert/strict";

import fc from "fast-check";

import { resolveConfig } from "../../../lib/config";
import { autoAdvertSeconds, LONGEST_ADVERT_SECONDS, vipPriority } from "../../../lib/vrrp";

const lab = (roles: readonly ("primary" | "backup")[]): { name: string; role: "primary" | "backup" }[] =>
  roles.map((role, i) => ({ name: `d${i}`, role }));

describe("the priority of a device", () => {
  it("is 255 for the primary wherever it stands, and falls by one with each backup of the list", () => {
    const devices = lab(["backup", "backup", "primary", "backup"]);
    assert.deepEqual(
      devices.map((d) => vipPriority(d, devices)),
      [254, 253, 255, 252],
    );
  });

  it("is distinct, valid and in the list's order in every lab that the configuration allows", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.nat(), (count, at) => {
        const roles = Array.from({ length: count }, (_, i) => (i === at % count ? "primary" : "backup"));
        const { devices } = resolveConfig({ devices: lab(roles) }, "test");
        const priorities = devices.map((d) => vipPriority(d, devices));
        assert.equal(new Set(priorities).size, count);
        assert.ok(priorities.every((p) => p >= 1 && p <= 255));
        const backups = priorities.filter((_, i) => devices[i]?.role === "backup");
        assert.deepEqual(
          backups,
          [...backups].sort((a, b) => b - a),
        );
      }),
    );
  });
});

describe("the advertisement interval auto", () => {
  const auto = autoAdvertSeconds;

  it("keeps a takeover, three intervals, under a second with KVM and where emulation has cores to run on", () => {
    assert.equal(auto({ accelerator: "kvm", cores: 2, vcpus: 128 }), 0.3);
    assert.equal(auto({ accelerator: "tcg", cores: 2, vcpus: 4 }), 0.3);
    assert.equal(auto({ accelerator: "tcg", cores: 16, vcpus: 2 }), 0.3);
  });

  it("grows with the load where more vcpus are emulated than cores can run, up to a limit", () => {
    assert.equal(auto({ accelerator: "tcg", cores: 2, vcpus: 6 }), 1.5);
    assert.equal(auto({ accelerator: "tcg", cores: 1, vcpus: 4 }), 2);
    assert.equal(auto({ accelerator: "tcg", cores: 1, vcpus: 4096 }), LONGEST_ADVERT_SECONDS);
  });

  it("is never shorter on a host with less to spare, and can be carried in a VRRP packet", () => {
    const some = fc.integer({ min: 1, max: 256 });
    fc.assert(
      fc.property(some, some, some, (cores, vcpus, more) => {
        const before = auto({ accelerator: "tcg", cores, vcpus });
        assert.ok(auto({ accelerator: "tcg", cores, vcpus: vcpus + more }) >= before);
        assert.ok(auto({ accelerator: "kvm", cores, vcpus }) <= before);
        // Hundredths of a second, 12 bits (RFC 5798, 5.2.7).
        assert.ok(Number.isInteger(Math.round(before * 1e6) / 1e4) && before * 100 < 4096);
      }),
    );
  });
});
