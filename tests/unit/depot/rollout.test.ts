import assert from "node:assert/strict";

import fc from "fast-check";

import { take, release, type Locks } from "../../../depot/lock";
import type { Received } from "../../../depot/received";
import { haltBy, mayReboot, start, vipOwner, type Fleet } from "../../../depot/rollout";
import type { Halt } from "../../../protocol/fleetLock";
import type { Lab } from "../../../protocol/lab";
import type { DeviceReport } from "../../../protocol/report";

const OLD = "0".repeat(64);
const NEW = "1".repeat(64);
const NOW = new Date("2026-11-23T10:00:00Z");

const lab: Lab = {
  ref: "edge",
  upgradeGate: "open",
  devices: ["one", "two", "three"].map((name, i) => ({ name, role: "backup", address: `192.0.2.${i + 1}` })),
};

function received(device: string, report: Partial<DeviceReport> = {}, secondsAgo = 5): Received {
  return {
    receivedAt: new Date(NOW.getTime() - secondsAgo * 1000).toISOString(),
    address: "192.0.2.1",
    report: {
      device,
      bootId: "b",
      event: "periodic",
      health: "green",
      booted: { commit: OLD, version: "0.0.1" },
      vip: false,
      failed: [],
      problems: [],
      ...report,
    },
  };
}
const onNew = { booted: { commit: NEW, version: "0.0.2" } };

function fleet(devices: Record<string, Received>, more: Partial<Fleet> = {}): Fleet {
  return { lab, devices, target: NEW, halts: {}, now: NOW, staleSeconds: 600, ...more };
}

describe("rollout policy", () => {
  it("lets a device reboot that does not own the virtual IP", () => {
    const f = fleet({ one: received("one", { vip: true }), two: received("two"), three: received("three") });
    assert.equal(mayReboot("two", f), undefined);
  });

  it("keeps the owner back until every other device is green on the target", () => {
    const devices = {
      one: received("one", { vip: true }),
      two: received("two", onNew),
      three: received("three"),
    };
    const refusal = mayReboot("one", fleet(devices));
    assert.equal(refusal?.kind, "vip_owner_last");
    assert.match(refusal.value, /: three$/);
    devices.three = received("three", { ...onNew, health: "pending" });
    assert.equal(mayReboot("one", fleet(devices))?.kind, "vip_owner_last");
    devices.three = received("three", onNew);
    assert.equal(mayReboot("one", fleet(devices)), undefined);
  });

  it("does not wait for a device that is dead or never came", () => {
    const owner = received("one", { vip: true });
    assert.equal(mayReboot("one", fleet({ one: owner })), undefined);
    const dead = { one: owner, two: received("two", {}, 601), three: received("three", onNew) };
    assert.equal(mayReboot("one", fleet(dead)), undefined);
  });

  it("takes the newest word on who owns the virtual IP: two owners do not wait for each other", () => {
    const devices = { one: received("one", { vip: true }, 90), two: received("two", { vip: true }, 3) };
    assert.equal(vipOwner(devices), "two");
    assert.equal(mayReboot("one", fleet(devices)), undefined);
    assert.equal(mayReboot("two", fleet(devices))?.kind, "vip_owner_last");
  });

  it("refuses everybody once the target has failed on a device", () => {
    const halt: Halt = { commit: NEW, device: "two", check: "20_vip", output: "", since: NOW.toISOString() };
    const halted = fleet({}, { halts: { [NEW]: halt } });
    assert.equal(mayReboot("one", halted)?.kind, "rollout_halted");
    assert.match(mayReboot("one", halted)?.value ?? "", /two failed on 111111111111: 20_vip/);
    assert.equal(mayReboot("one", { ...halted, target: OLD }), undefined);
  });

  it("refuses a device that has staged what is not the target any more", () => {
    const staged = { commit: NEW, version: "0.0.2" };
    const devices = { one: received("one", { staged }), two: received("two", onNew) };
    assert.equal(mayReboot("one", fleet(devices)), undefined);
    const withdrawn = fleet(devices, { target: OLD });
    assert.equal(mayReboot("one", withdrawn)?.kind, "not_the_target");
    assert.match(
      mayReboot("one", withdrawn)?.value ?? "",
      /one has staged 111111111111, the target is 0{12}/,
    );
  });

  it("allows any reboot while nothing is published", () => {
    assert.equal(
      mayReboot("one", fleet({ one: received("one", { vip: true }) }, { target: null })),
      undefined,
    );
  });
});

describe("halt", () => {
  const failure = {
    commit: NEW,
    check: "30_app_socket",
    output: "refused",
    time: "2026-11-23T09:59:00.000Z",
  };

  it("comes from a device that is back from the target, with its evidence", () => {
    const halt = haltBy(received("two", { failed: [failure] }), NEW, null);
    assert.equal(halt?.device, "two");
    assert.equal(halt.check, "30_app_socket");
    assert.equal(halt.output, "refused");
  });

  it("comes from a device that is red on the target", () => {
    assert.equal(haltBy(received("two", { ...onNew, health: "red" }), NEW, null)?.commit, NEW);
  });

  it("does not come from what concerns another commit", () => {
    assert.equal(haltBy(received("two", { health: "red" }), NEW, null), undefined);
    assert.equal(haltBy(received("two", { failed: [{ ...failure, commit: OLD }] }), NEW, null), undefined);
    assert.equal(haltBy(received("two", { failed: [failure] }), null, null), undefined);
  });

  it("is forgotten by a new rollout, and comes back with a new failure", () => {
    const devices = { two: received("two", { failed: [failure] }) };
    const rollout = start({ targetCommit: NEW, version: "0.0.2" }, devices, NOW);
    assert.equal(haltBy(devices.two, NEW, rollout), undefined);
    const again = received("two", { failed: [{ ...failure, time: "2026-11-23T11:00:00.000Z" }] });
    assert.equal(haltBy(again, NEW, rollout)?.device, "two");
    const other = received("three", { failed: [failure] });
    assert.equal(haltBy(other, NEW, rollout)?.device, "three");
    assert.equal(haltBy(devices.two, OLD, { ...rollout, targetCommit: OLD }), undefined);
  });
});

describe("a whole rollout (property)", () => {
  it("ends with every device on the target, one reboot at a time, the owner last, whatever the order of asking", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("one", "two", "three"),
        fc.array(fc.constantFrom("one", "two", "three"), { minLength: 60, maxLength: 60 }),
        (owner, asks) => {
          const devices: Record<string, Received> = {};
          for (const d of lab.devices) devices[d.name] = received(d.name, { vip: d.name === owner });
          let locks: Locks = {};
          const order: string[] = [];
          for (const name of [...asks, "one", "two", "three", "one", "two", "three", "one", "two", "three"]) {
            if (devices[name]?.report.booted.commit === NEW) continue;
            if (Object.keys(locks).length > 0) {
              // The rebooting device may come back before or after the next one asks: either way no other may reboot.
              assert.notEqual(
                take(locks, "default", { id: name, device: name, since: "" }).refusal,
                undefined,
              );
              continue;
            }
            if (mayReboot(name, fleet(devices))) continue;
            locks = take(locks, "default", { id: name, device: name, since: "" }).locks;
            order.push(name);
            devices[name] = received(name, onNew);
            locks = release(locks, "default", { id: name, device: name });
          }
          assert.equal(new Set(order).size, 3);
          assert.equal(order.length, 3);
          assert.equal(order[2], owner);
        },
      ),
    );
  });
});
