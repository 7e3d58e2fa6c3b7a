import assert from "node:assert/strict";

import { doctor } from "../../../cli/verbs/doctor";
import { status } from "../../../cli/verbs/status";
import { describe as inOneLine } from "../../../operations/rollout/verdict";
import { appFailure, isWell, reportSchema } from "../../../protocol/report";
import type { DeviceView } from "../../../protocol/status";
import { LabProject } from "../../support/labProject";

const WHY = "the container ended\u001b[31m; its image is fetched anew";
const SHOWN = "the container ended; its image is fetched anew";

function device(app: string | null): DeviceView {
  const report = reportSchema.parse({
    device: "edge-device-1",
    bootId: "x",
    event: "app",
    health: "green",
    booted: { commit: "b".repeat(64), version: "0.0.2" },
    vip: true,
    app,
    failed: [],
    problems: [],
    updatePhase: "idle",
  });
  const receivedAt = new Date().toISOString();
  return {
    name: "edge-device-1",
    role: "primary",
    address: "192.168.76.11",
    receivedAt,
    ageSeconds: 0,
    report,
  };
}

describe("a device whose boot is green and whose app failed", () => {
  let lab: LabProject;
  beforeEach(() => {
    lab = new LabProject();
    lab.put("host/applied", "");
  });
  afterEach(() => lab.remove());

  const rollout = {
    state: "none",
    id: null,
    targetCommit: null,
    version: null,
    startedAt: null,
    from: null,
    fromVersion: null,
  };
  const serve = async (app: string | null): Promise<void> =>
    lab.serveDepot({ "/v1/devices": [device(app)], "/v1/clients": [], "/v1/rollout": rollout });
  const well = async (): Promise<unknown[]> => {
    const { out } = await lab.run(() => status({ json: true }));
    return (JSON.parse(out) as { devices: Record<string, unknown>[] }).devices.map((d) => [
      d["health"],
      d["well"],
    ]);
  };

  for (const [app, why] of [
    [null, undefined],
    ["zero", undefined],
    ["running, image refused: sha256:failed", undefined],
    ["failed", "it did not start"],
    ["failed, image refused: x", "it did not start"],
    [`failed: ${WHY}`, SHOWN],
  ] as const) {
    it(`why is told, or it is well: ${JSON.stringify(app)}`, () => {
      const { report } = device(app);
      assert.deepEqual([appFailure(report), isWell(report)], [why, why === undefined]);
    });
  }

  it("no boot is well that is not green", () => {
    const { report } = device("zero");
    assert.ok(report);
    assert.ok(!isWell({ ...report, health: "red" }));
    assert.ok(!isWell(null));
  });

  it("is not well in the table and in the document", async () => {
    await serve(`failed: ${WHY}`);
    const { out } = await lab.run(() => status({ json: false }));
    assert.match(out, /edge-device-1 .* green, app failed .* failed: the container ended; its image/);
    assert.ok(!out.includes("\u001b"));
    assert.deepEqual(await well(), [["green", false]]);
  });

  it("is well again when the app is", async () => {
    await serve("zero");
    assert.deepEqual(await well(), [["green", true]]);
    assert.match(
      (await lab.run(() => doctor())).out,
      /^ok {3}devices: all healthy, the VIP is on edge-device-1$/m,
    );
  });

  it("is named by doctor", async () => {
    await serve(`failed: ${WHY}`);
    const { status: code, out } = await lab.run(() => doctor());
    assert.equal(code, 1);
    assert.ok(out.includes(`BAD  devices: not healthy: edge-device-1 (the app failed: ${SHOWN})\n`), out);
  });

  it("and in the line that a rollout prints", () => {
    assert.equal(
      inOneLine([device(`failed: ${WHY}`)], ["edge-device-1"]),
      `edge-device-1 0.0.2 green, VIP, app failed: ${SHOWN}`,
    );
  });
});
