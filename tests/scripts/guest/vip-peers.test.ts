import assert from "node:assert/strict";

import { FakeDepot } from "../support/fakeDepot";
import { Guest } from "../support/guest";

const PROGRAM = "usr/libexec/edge/report";
/** vip-check reads it: the device may own the virtual IP in this boot. */
const ALLOWED = "run/edge/peers-known";
const OTHERS = ["198.51.100.12", "198.51.100.13"];

describe("guest: peers are learned before it may own the virtual IP", () => {
  let guest: Guest;
  let depot: FakeDepot;
  beforeEach(async () => {
    depot = new FakeDepot();
    await depot.start();
    guest = new Guest();
    guest.noStandIn("curl");
    guest.device({ EDGE_DEPOT: `http://${depot.address}` });
    boot();
  });
  afterEach(async () => {
    await depot.stop();
    guest.remove();
  });

  const boot = (): void => {
    guest.shell('rm -rf "$RUN" && mkdir "$RUN"');
    guest.ok("usr/libexec/edge/provision", ["boot"]);
    guest.write("run/edge/health", "green\n");
  };
  const report = async (): Promise<string> => {
    const { status, stderr } = await guest.served(PROGRAM, ["green"]);
    assert.equal(status, 0, stderr);
    return stderr;
  };
  const toldPeers = (): unknown[] =>
    depot.posted("/v1/report").map((body) => (body as { peers: unknown }).peers);

  it("tells the depot which ones keepalived has", async () => {
    guest.device({ EDGE_DEPOT: `http://${depot.address}`, EDGE_PEERS: OTHERS.join(" ") });
    depot.reply({ peers: OTHERS });
    await report();
    assert.deepEqual(toldPeers(), [OTHERS]);
  });

  it("a new one waits until the depot says that the others know it", async () => {
    depot.reply({ knownToPeers: false });
    assert.match(await report(), /waits with the virtual IP/);
    assert.equal(guest.has(ALLOWED), false);
    depot.reply({ knownToPeers: true });
    await report();
    assert.ok(guest.has(ALLOWED));
  });

  it("a new one waits for a depot that is away, that refuses, and that answers nonsense", async () => {
    for (const answer of [{ status: 500 }, { status: 403, body: '{"kind":"x"}' }, { body: "<html>" }]) {
      depot.answer("/v1/report", answer);
      await report();
      assert.equal(guest.has(ALLOWED), false, JSON.stringify(answer));
    }
    await depot.stop();
    await report();
    assert.equal(guest.has(ALLOWED), false);
  });

  it("takes new peers first, and tells that it has", async () => {
    depot.reply({ peers: OTHERS });
    await report();
    assert.deepEqual(toldPeers(), [["198.51.100.12"], OTHERS]);
    assert.match(guest.read("run/edge/keepalived.conf"), /198\.51\.100\.13/);
    assert.ok(guest.has(ALLOWED));
  });

  it("a later boot asks again, and goes on without an answer", async () => {
    depot.reply({});
    await report();
    const again = async (): Promise<void> => {
      boot();
      assert.equal(guest.has(ALLOWED), false);
      await report();
      assert.ok(guest.has(ALLOWED));
    };
    depot.reply({ knownToPeers: false });
    await again();
    for (const answer of [{ status: 500 }, { body: "<html>" }]) {
      depot.answer("/v1/report", answer);
      await again();
    }
    await depot.stop();
    await again();
  });

  it("a depot that does not know the question does not hold it up", async () => {
    depot.answer("/v1/report", { body: '{"peers":["198.51.100.12"],"target":{"commit":null}}' });
    await report();
    assert.ok(guest.has(ALLOWED));
  });

  it("nor does the lack of a depot", async () => {
    guest.device({ EDGE_DEPOT: "" });
    await report();
    assert.ok(guest.has(ALLOWED));
  });
});
