import assert from "node:assert/strict";

import { RECENT_SECONDS } from "../../../depot/peers";
import { DepotFixture, LAB, ONE, report, TWO } from "./support/depot";

const THREE = "192.0.2.13";

describe("the depot: is a device known to its peers?", () => {
  let d: DepotFixture;
  beforeEach(async () => {
    d = new DepotFixture();
    await d.start();
    await d.put("/v1/lab", {
      ...LAB,
      devices: [...LAB.devices, { name: "edge-3", role: "backup", address: THREE }],
    });
  });
  afterEach(() => d.stop());

  const says = async (device: string, address: string, peers?: string[]): Promise<boolean> =>
    (await d.report(address, report(device, { peers }))).json<{ knownToPeers: boolean }>().knownToPeers;

  it("yes, where no other device has reported yet", async () => {
    assert.equal(await says("edge-1", ONE, [TWO, THREE]), true);
  });

  it("not while one that reports does not list it; then yes", async () => {
    await says("edge-1", ONE, [TWO]);
    await says("edge-2", TWO, [ONE, THREE]);
    assert.equal(await says("edge-3", THREE, [ONE, TWO]), false);
    assert.equal(await says("edge-2", TWO, [ONE, THREE]), true);
    await says("edge-1", ONE, [TWO, THREE]);
    assert.equal(await says("edge-3", THREE, [ONE, TWO]), true);
  });

  it("yes, where the one that did not list it is silent for long, or its report has a time to come", async () => {
    await says("edge-1", ONE, [TWO]);
    d.wait(RECENT_SECONDS - 1);
    assert.equal(await says("edge-3", THREE, [ONE, TWO]), false);
    d.wait(2);
    assert.equal(await says("edge-3", THREE, [ONE, TWO]), true);
    await says("edge-1", ONE, [TWO]);
    d.wait(-3600);
    assert.equal(await says("edge-3", THREE, [ONE, TWO]), true);
  });

  it("yes by a device whose image does not tell its peers", async () => {
    await says("edge-1", ONE);
    assert.equal(await says("edge-3", THREE, [ONE, TWO]), true);
  });

  it("by its address in the report, where the lab gives it none", async () => {
    const [first] = LAB.devices;
    await d.put("/v1/lab", { ...LAB, devices: [first, { name: "edge-2", role: "backup" }] });
    await says("edge-1", ONE, [TWO]);
    assert.equal(await says("edge-2", THREE, [ONE]), false);
    assert.equal(await says("edge-2", TWO, [ONE]), true);
  });
});
