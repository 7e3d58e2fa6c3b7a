import assert from "node:assert/strict";

import { FakeDepot } from "../support/fakeDepot";
import { Guest, V1, V2, V3 } from "../support/guest";

const TAKE = "/v1/pre-reboot";
const RELEASE = "/v1/steady-state";
const MARK = "var/lib/edge/lock-held";
const PREPARED = "run/user/1000/edge/app-prepared";

describe("guest: the reboot lock", () => {
  let guest: Guest;
  let depot: FakeDepot;
  beforeEach(async () => {
    guest = new Guest();
    depot = new FakeDepot();
    await depot.start();
    wants(V2);
    depot.answer(TAKE, { body: "{}" });
    depot.answer(RELEASE, { body: "{}" });
    guest.noStandIn("curl");
    guest.device({ EDGE_DEPOT: `http://${depot.address}`, EDGE_REGISTRY: depot.address });
    guest.write(PREPARED, "");
    guest.write("run/edge/health", "green\n");
    guest.write("run/edge/reported", "");
    guest.write("var/lib/edge/peers", "198.51.100.12\n"); // what the depot says, too
    guest.deployed([
      { commit: V2, version: "0.0.2", note: "staged" },
      { commit: V1, version: "0.0.1", booted: true },
    ]);
  });
  afterEach(async () => {
    await depot.stop();
    guest.remove();
  });

  const wants = (commit: string): void =>
    depot.reply({ target: { ref: "debian/trixie/x86_64/edge", commit } });
  const apply = async (): Promise<string> => {
    const { status, stderr } = await guest.served("usr/libexec/edge/applyupdate");
    assert.equal(status, 0, stderr);
    return stderr;
  };
  const release = async (): Promise<void> => {
    assert.equal((await guest.served("usr/libexec/edge/release")).status, 0);
  };
  const acts = (): string[] => guest.calls().filter((call) => /^(systemctl|ping)/.test(call));
  const asked = (): string[] => depot.calls.map((call) => call.path);
  /** A reboot clears /run. */
  const nextBoot = (): void => {
    guest.shell('rm -f "$RUN"/reported*');
    guest.write("proc/sys/kernel/random/boot_id", "bbbbbbbb-0000-4000-8000-000000000002\n");
  };

  it("asks as FleetLock has it, hands the virtual IP over, reports, reboots: in this order", async () => {
    guest.write("run/edge/vip", "yes\n");
    await apply();
    const call = depot.calls[0];
    assert.equal(call?.path, TAKE);
    assert.equal(call.headers["fleet-lock-protocol"], "true");
    assert.deepEqual(JSON.parse(call.body), { client_params: { id: "edge-device-1", group: "default" } });
    assert.deepEqual(acts(), [
      "systemctl stop keepalived.service",
      "ping -c 1 -W 1 -q -I enp1s0 198.51.100.100",
      "systemctl --no-block reboot",
    ]);
    assert.deepEqual(asked(), [TAKE, "/v1/report", "/v1/report"]);
    const report = depot.posted("/v1/report").at(-1) as Record<string, unknown>;
    assert.equal(report["updatePhase"], "rebooting");
    assert.equal(report["vip"], false);
    assert.ok(guest.has(MARK));
  });

  it("a device without the virtual IP has nothing to hand over", async () => {
    await apply();
    assert.deepEqual(acts(), ["systemctl --no-block reboot"]);
  });

  describe("connections to the virtual IP that it has handed over", () => {
    const table = (...states: string[]): void =>
      guest.write(
        "proc/net/tcp",
        ["sl", ...states.map((s, i) => `${i}: 646433C6:1F90 016433C6:${1000 + i} ${s}`), ""].join("\n"),
      );
    beforeEach(() => {
      guest.write("run/edge/vip", "yes\n");
      guest.standIn("ping", "exit 0");
    });

    it("it waits until they have ended; listening or waiting out is not open", async () => {
      table("0A", "01", "06");
      guest.standIn("sleep", `sed -i s/01$/06/ "$EDGE_ROOT/proc/net/tcp"`);
      assert.doesNotMatch(await apply(), /still open/);
      assert.deepEqual(
        guest.calls().filter((call) => /^(sleep|systemctl)/.test(call)),
        ["systemctl stop keepalived.service", "sleep 0.2", "systemctl --no-block reboot"],
      );
    });

    it("it waits for one that is being made, and for an end that the client does not know of", async () => {
      table("03", "04", "08", "09");
      guest.standIn("sleep", `sed -i '$d' "$EDGE_ROOT/proc/net/tcp"`);
      await apply();
      assert.equal(guest.calls().filter((call) => call === "sleep 0.2").length, 4);
    });

    it("it does not wait for ever", async () => {
      table("01", "01");
      guest.write("usr/lib/edge/edge.conf", "EDGE_DRAIN_SECONDS=0\n");
      assert.match(await apply(), /2 connections to 198\.51\.100\.100 are still open/);
      assert.equal(acts().at(-1), "systemctl --no-block reboot");
    });
  });

  it("no peer takes the virtual IP: it goes on after a while", async () => {
    guest.write("run/edge/vip", "yes\n");
    guest.write("usr/lib/edge/edge.conf", "EDGE_HANDOVER_SECONDS=0\n");
    guest.standIn("ping", "exit 1");
    assert.match(await apply(), /no peer has taken/);
    assert.equal(acts().at(-1), "systemctl --no-block reboot");
  });

  it("a lock that is refused or out of reach: nothing happens, and it says why", async () => {
    depot.answer(TAKE, {
      status: 409,
      body: '{"kind":"vip_owner_last","value":"edge-device-2 is not there yet"}',
    });
    assert.match(await apply(), /not yet this device's turn: .*vip_owner_last/);
    assert.equal(guest.read("run/edge/phase"), "waiting-lock\n");
    guest.device({ EDGE_DEPOT: "http://127.0.0.1:1" });
    await apply();
    assert.deepEqual(acts(), []);
    assert.equal(guest.has(MARK), false);
  });

  it("a target that moved after the staging gives the lock back and does not reboot", async () => {
    // The target that the device received last is still what it has staged.
    guest.write("run/edge/target", `${V2}\n`);
    guest.write("run/edge/target.fresh", "");
    wants(V3);
    assert.match(await apply(), /no longer wanted/);
    assert.deepEqual(asked(), [TAKE, "/v1/report", RELEASE]);
    assert.deepEqual(acts(), []);
    assert.equal(guest.has(MARK), false);
  });

  it("a depot that gives the lock and does not say the target gets it back", async () => {
    guest.write("run/edge/target", `${V2}\n`);
    depot.answer("/v1/report", { status: 503 });
    assert.match(await apply(), /does not say what the target is/);
    assert.deepEqual(asked(), [TAKE, "/v1/report", RELEASE]);
    assert.deepEqual(acts(), []);
  });

  it("nothing staged, or no verdict on this boot: nobody is asked", async () => {
    guest.write("run/edge/health", "pending\n");
    await apply();
    guest.write("run/edge/health", "green\n");
    guest.deployed([{ commit: V1, version: "0.0.1", booted: true }]);
    await apply();
    assert.deepEqual(asked(), []);
  });

  it("is given back after the reboot, once the depot knows that the boot is good", async () => {
    await apply();
    await release();
    nextBoot();
    await release();
    assert.deepEqual(asked().includes(RELEASE), false);
    await guest.served("usr/libexec/edge/report", ["green"]);
    await release();
    assert.deepEqual(asked().slice(-2), ["/v1/report", RELEASE]);
    assert.equal(guest.has(MARK), false);
    await release();
    assert.equal(asked().filter((path) => path === RELEASE).length, 1);
  });

  for (const [seconds, waits] of [
    [599, true],
    [600, false],
  ] as const) {
    it(`${waits ? "waits" : "does not wait"} for a device that cannot serve the app yet, ${seconds} s after power-on`, async () => {
      await apply();
      nextBoot();
      guest.delete(PREPARED);
      guest.write("proc/uptime", `${seconds}.99 1.00\n`);
      await guest.served("usr/libexec/edge/report", ["green"]);
      await release();
      assert.equal(guest.has(MARK), waits);
      guest.write(PREPARED, "");
      await release();
      assert.equal(guest.has(MARK), false);
    });
  }

  it("does not wait for an app on a device that has none", async () => {
    guest.device({ EDGE_DEPOT: `http://${depot.address}`, EDGE_REGISTRY: "" });
    guest.delete(PREPARED);
    await apply();
    nextBoot();
    await guest.served("usr/libexec/edge/report", ["green"]);
    await release();
    assert.equal(guest.has(MARK), false);
  });

  it("is not given away by a release that began while it was taken", async () => {
    guest.write(MARK, "an earlier boot\n");
    guest.write("run/edge/reported-green", "");
    depot.answer(TAKE, { afterMilliseconds: 1000 });
    const taking = apply();
    while (!asked().includes(TAKE)) await new Promise((resolve) => setTimeout(resolve, 20));
    await Promise.all([taking, release()]);
    assert.deepEqual(asked().includes(RELEASE), false);
    assert.ok(guest.has(MARK));
  });

  it("is kept in mind while the depot is away", async () => {
    await apply();
    nextBoot();
    await guest.served("usr/libexec/edge/report", ["green"]);
    depot.answer(RELEASE, { status: 503 });
    await release();
    assert.ok(guest.has(MARK));
  });
});
