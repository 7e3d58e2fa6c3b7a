import assert from "node:assert/strict";

import type { UpgradeGate } from "../../../protocol/fields";
import { FakeDepot } from "../support/fakeDepot";
import { ostreeServes } from "../support/ostreeServes";
import { Guest, V1, V2, V3 } from "../support/guest";
import type { Outcome } from "../support/sandbox";

const REF = "debian/trixie/x86_64/edge";

interface Report {
  event: string;
  [key: string]: unknown;
}

describe("guest: updates", () => {
  let guest: Guest;
  let depot: FakeDepot;
  beforeEach(async () => {
    guest = new Guest();
    depot = new FakeDepot();
    await depot.start();
    guest.noStandIn("curl");
    guest.device({ EDGE_DEPOT: `http://${depot.address}` });
    guest.write("run/edge/health", "green\n");
    target(V1);
    guest.standIn("systemctl", "");
  });
  afterEach(async () => {
    await depot.stop();
    guest.remove();
  });

  /** What the depot wants, and what a deploy then does. */
  const target = (commit: string, gate: UpgradeGate = "open", peers = ["198.51.100.12"]): void => {
    depot.reply({ peers, target: { ref: REF, commit }, upgradeGate: gate });
    ostreeServes(guest, REF, commit);
  };
  const update = async (...args: string[]): Promise<Outcome> => {
    const outcome = await guest.served("usr/libexec/edge/update", args);
    assert.equal(outcome.status, 0, outcome.stderr);
    return outcome;
  };
  const ostree = (): string[] =>
    guest.calls().filter((c) => c.startsWith("ostree ") && c !== "ostree admin status");
  const events = (): string[] => (depot.posted("/v1/report") as Report[]).map((report) => report.event);

  it("nothing new: one small request, and ostree is left alone", async () => {
    await update();
    assert.deepEqual(
      depot.calls.map((call) => `${call.method} ${call.path}`),
      ["POST /v1/report"],
    );
    assert.deepEqual(ostree(), []);
    assert.equal(guest.read("run/edge/phase"), "idle\n");
  });

  it("a new target is pulled, staged and reported; a second run does nothing", async () => {
    target(V2);
    await update();
    assert.deepEqual(ostree(), [
      `ostree pull --depth=0 edge ${REF}`,
      `ostree rev-parse edge:${REF}`,
      `ostree admin deploy --stage --os=edge edge:${REF}`,
    ]);
    assert.equal(guest.read("run/edge/phase"), "staged\n");
    assert.deepEqual(events(), ["boot", "staged"]);
    const last = depot.posted("/v1/report").at(-1) as Report;
    assert.deepEqual(last["staged"], { commit: V2, version: "9.9.9" });
    assert.equal(last["updatePhase"], "staged");
    guest.forgetCalls();
    await update();
    assert.deepEqual(ostree(), []);
  });

  it("a staging that was lost is done again", async () => {
    target(V2);
    await update();
    guest.deployed([{ commit: V1, version: "0.0.1", booted: true }]);
    guest.forgetCalls();
    await update();
    assert.equal(ostree().at(-1), `ostree admin deploy --stage --os=edge edge:${REF}`);
  });

  it("a commit that failed here is never taken again, the next one is", async () => {
    guest.write(
      "var/lib/edge/failed.json",
      JSON.stringify([{ commit: V2, version: "0.0.2", check: "x", output: "" }]),
    );
    target(V2);
    const { stderr } = await update();
    assert.match(stderr, /failed here before/);
    assert.deepEqual(ostree(), []);
    target(V3);
    await update();
    assert.equal(ostree().length, 3);
  });

  it("what is staged and no longer wanted is dropped before the new target is staged", async () => {
    target(V2);
    await update();
    guest.forgetCalls();
    target(V1);
    await update();
    assert.deepEqual(ostree(), ["ostree admin undeploy 0"]);
    assert.equal(guest.read("run/edge/phase"), "idle\n");
  });

  it("a boot without a verdict takes nothing; a red one only once no further attempt is to come", async () => {
    target(V2);
    guest.write("run/edge/health", "pending\n");
    await update();
    guest.write("run/edge/health", "red\n");
    guest.grubenv({ boot_counter: "1", boot_success: "0" });
    await update();
    assert.deepEqual(ostree(), []);
    guest.grubenv({ boot_success: "0" });
    await update();
    assert.equal(ostree().length, 3);
  });

  it("policies: none asks nobody, check pulls and stages nothing", async () => {
    target(V2);
    await update("none");
    assert.deepEqual(depot.calls, []);
    guest.write("etc/edge/edge.conf", "AutomaticUpdatePolicy=check\n");
    await update();
    assert.deepEqual(ostree(), [`ostree pull --depth=0 edge ${REF}`, `ostree rev-parse edge:${REF}`]);
  });

  it("a depot that only serves content is followed by its ref", async () => {
    target(V2);
    depot.answer("/v1/report", { status: 404 });
    depot.answer(`/repo/refs/heads/${REF}`, { body: `${V2}\n` });
    await update();
    assert.equal(ostree().length, 3);
  });

  it("a depot that is away, or that answers nonsense, changes nothing and fails nothing", async () => {
    for (const body of [
      "not json",
      "[]",
      '{"target":{"commit":"$(reboot)"},"peers":["; rm"],"upgradeGate":"ajar"}',
    ]) {
      depot.answer("/v1/report", { body });
      await update();
    }
    guest.device({ EDGE_DEPOT: "http://127.0.0.1:1" });
    await update();
    assert.deepEqual(ostree(), []);
    assert.equal(guest.has("var/lib/edge/peers"), false);
    assert.equal(guest.has("var/lib/edge/upgrade-gate"), false);
  });

  it("a full disk ends the attempt with its reason kept, and fails no unit", async () => {
    target(V2);
    guest.standIn("ostree", `[ "$1" != pull ] || { echo "error: No space left on device" >&2; exit 1; }`);
    const { stderr } = await update();
    assert.match(stderr, /<3>ostree pull failed: error: No space left on device/);
    assert.equal(guest.read("run/edge/phase"), "idle\n");
    await update();
    const last = depot.posted("/v1/report").at(-1) as Report;
    assert.equal(last.event, "update-error");
    const output = "ostree pull: error: No space left on device";
    assert.deepEqual(last["updateError"], { commit: V2, output, attempts: 2 });
  });

  it("what was fetched of a commit that is no longer wanted is removed, once", async () => {
    target(V2);
    guest.standIn("ostree", `[ "$1" != pull ] || exit 1`);
    await update();
    target(V1);
    guest.forgetCalls();
    await update();
    const removals = (): string[] => guest.calls().filter((call) => call.startsWith("unshare --mount"));
    assert.match(removals().join("\n"), /tmp\/staging-/);
    assert.equal(removals().length, 1);
    assert.equal((depot.posted("/v1/report").at(-1) as Report)["updateError"], null);
    await update();
    assert.equal(removals().length, 1);
    assert.equal((depot.posted("/v1/report").at(-1) as Report)["updateError"], null);
  });

  it("a gate that opens lets in what it has refused, and says so at once; other failures stay", async () => {
    const gate = { commit: V2, check: "01_check_upgrade.sh", output: "" };
    const other = { commit: V3, check: "10_services.sh", output: "" };
    guest.write("var/lib/edge/failed.json", JSON.stringify([gate, other]));
    guest.write("var/lib/edge/upgrade-gate", "closed\n");
    target(V2, "closed");
    await update();
    assert.ok(!guest.calls().some((call) => call.startsWith("ostree pull")));
    target(V2, "open");
    await update();
    assert.ok(guest.calls().some((call) => call.startsWith("ostree admin deploy")));
    const reports = depot.posted("/v1/report") as Report[];
    assert.deepEqual(
      reports.map((r) => (r["failed"] as unknown[]).length),
      [2, 2, 1, 1],
    );
    assert.deepEqual(guest.json("var/lib/edge/failed.json"), [other]);
  });

  it("a ref that moved between the reply and the pull is left to the next cycle", async () => {
    target(V3);
    depot.reply({ target: { ref: REF, commit: V2 } });
    await update();
    assert.ok(!guest.calls().some((call) => call.startsWith("ostree admin deploy")));
  });

  describe("reports", () => {
    const report = async (event: string): Promise<Outcome> =>
      guest.served("usr/libexec/edge/report", [event]);

    it("say all that the depot knows a device by", async () => {
      guest.deployed([
        { commit: V2, version: "0.0.2", booted: true },
        { commit: V1, version: "0.0.1", note: "rollback" },
      ]);
      guest.grubenv({ boot_counter: "2", boot_success: "0" });
      guest.write("run/edge/vip", "yes\n");
      guest.write("run/edge/reported", "");
      guest.write("var/home/core/.local/state/edge/image", "sha256:1\n");
      const failed = [
        { commit: V3, version: "0.0.3", check: "c.sh", output: 'a "b"\n', time: 5, attempts: 3 },
      ];
      guest.write("var/lib/edge/failed.json", JSON.stringify(failed));
      await report("green");
      assert.deepEqual(depot.posted("/v1/report"), [
        {
          device: "edge-device-1",
          bootId: "0a0a0a0a000040008000000000000001",
          event: "green",
          health: "green",
          booted: { commit: V2, version: "0.0.2" },
          staged: null,
          rollback: { commit: V1, version: "0.0.1" },
          bootCounter: 2,
          vip: true,
          app: "zero",
          failed,
          updateError: null,
          updatePhase: "idle",
          peers: ["198.51.100.12"],
          problems: [],
        },
      ]);
    });

    it("the first of a boot says that it has begun", async () => {
      await report("vip");
      await report("vip");
      assert.deepEqual(events(), ["boot", "vip"]);
    });

    it("new peers reach keepalived, known ones do not trouble it", async () => {
      guest.ok("usr/libexec/edge/provision", ["boot"]);
      guest.forgetCalls();
      target(V1, "open", ["198.51.100.12", "198.51.100.13"]);
      await report("periodic");
      await report("periodic");
      const reloads = guest.calls().filter((call) => call.includes("reload-or-restart keepalived"));
      assert.equal(reloads.length, 1);
      assert.match(guest.read("run/edge/keepalived.conf"), /198\.51\.100\.13/);
    });

    it("a device whose last peer has left the lab has none, also after its next boot", async () => {
      guest.ok("usr/libexec/edge/provision", ["boot"]);
      assert.match(guest.read("run/edge/keepalived.conf"), /198\.51\.100\.12/);
      target(V1, "open", []);
      await report("periodic");
      for (const again of [false, true]) {
        if (again) guest.ok("usr/libexec/edge/provision", ["boot"]);
        const text = guest.read("run/edge/keepalived.conf");
        // keepalived rejects an empty list of peers, and with it a lab of one device.
        assert.doesNotMatch(text, /unicast/);
        assert.match(text, /\n {2}mcast_src_ip 198\.51\.100\.11\n/);
        assert.match(text, /\n {2}vrrp_mcast_group4 239\.51\.100\.100\n\}/);
      }
    });

    it("the gate can be closed and opened from the depot", async () => {
      target(V1, "closed");
      await report("periodic");
      assert.equal(guest.read("var/lib/edge/upgrade-gate"), "closed\n");
    });
  });
});
