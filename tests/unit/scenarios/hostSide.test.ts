import assert from "node:assert/strict";

import { HostLoad } from "../../../scenarios/engine/hostLoad";
import { arpEntry } from "../../../scenarios/engine/vipWatch";

const ARP = `IP address       HW type     Flags       HW address            Mask     Device
192.168.76.11    0x1         0x2         52:54:00:00:00:0B     *        edgelab0
192.168.76.100   0x1         0x2         52:54:00:aa:bb:cc     *        edgelab0
192.168.76.10    0x1         0x0         00:00:00:00:00:00     *        edgelab0
`;

describe("scenario: the owner of the VIP as the host sees it", () => {
  it("is read off the ARP table, a whole address at a time", () => {
    assert.equal(arpEntry(ARP, "192.168.76.100"), "52:54:00:aa:bb:cc");
    assert.equal(arpEntry(ARP, "192.168.76.11"), "52:54:00:00:00:0b");
    assert.equal(arpEntry(ARP, "192.168.76.1"), undefined);
  });

  it("is nobody while the entry is incomplete", () =>
    assert.equal(arpEntry(ARP, "192.168.76.10"), undefined));
});

describe("scenario: a busy host", () => {
  it("is busy until the load ends, and no process is left", async function () {
    this.timeout(20_000);
    const load = HostLoad.start(1);
    assert.ok(load.size >= 1);
    const before = process.cpuUsage();
    await new Promise((done) => setTimeout(done, 300));
    assert.ok(load.running, "the processes have ended by themselves");
    // This process itself does next to nothing: the work is done elsewhere.
    assert.ok(process.cpuUsage(before).user < 200_000);
    await load.stop();
    assert.ok(!load.running);
  });
});
