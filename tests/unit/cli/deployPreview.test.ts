import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { preview, recoverOnly } from "../../../cli/verbs/deploy";
import { LabProject } from "../../support/labProject";

const STACK = "pulumi/.pulumi/stacks/edge-lab/dev.json";
const STATE = JSON.stringify({
  deployment: {
    pending_operations: [
      {
        type: "creating",
        resource: { urn: "urn:x", type: "libvirt:index/domain:Domain", inputs: { name: "d" } },
      },
    ],
  },
});

describe("lab preview, where libvirt is down", () => {
  let lab: LabProject;
  beforeEach(() => {
    lab = new LabProject();
    lab.put("host/applied", "1");
    lab.put(STACK, STATE);
    lab.standIn("virsh", "exit 1");
  });
  afterEach(() => lab.remove());

  for (const [name, run, more] of [
    ["preview", () => preview([]), ["pulumi preview --stack dev --non-interactive --suppress-progress"]],
    ["recover --preview", () => recoverOnly({ preview: true, libvirt: false }), []],
  ] as const) {
    it(`${name} starts nothing, and leaves to the next up what it cannot end`, async () => {
      const { err } = await lab.run(run);
      assert.match(err, /libvirt does not answer: the next up ends what the run before has begun/);
      assert.deepEqual(lab.calls(), ["virsh -q -c qemu:///system version", ...more]);
      assert.equal(readFileSync(join(lab.stateDir, STACK), "utf8"), STATE);
    });
  }

  it("recover, as plain up has it, starts it for what a killed run has begun", async () => {
    lab.standIn("libvirtd.sh", "exit 1", "assets/host");
    const recovered = (libvirt: boolean): Promise<unknown> =>
      lab.run(() => recoverOnly({ preview: false, libvirt }));
    await assert.rejects(recovered(false), /libvirtd\.sh apply failed/);
    assert.deepEqual(lab.calls(), ["libvirtd.sh apply"]);
  });

  it("recover, as plain destroy has it, starts it in any case", async () => {
    rmSync(join(lab.stateDir, STACK));
    await lab.run(() => recoverOnly({ preview: false, libvirt: false }));
    assert.deepEqual(lab.calls(), []);
    await lab.run(() => recoverOnly({ preview: false, libvirt: true }));
    assert.deepEqual(lab.calls(), ["libvirtd.sh apply"]);
  });
});
