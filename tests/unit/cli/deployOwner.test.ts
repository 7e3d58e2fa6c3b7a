import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { destroy, preview, up } from "../../../cli/verbs/deploy";
import { LabProject } from "../../support/labProject";

const STACK = "pulumi/.pulumi/stacks/edge-lab/dev.json";

describe("lab up, preview and destroy, and whose the state directory is", () => {
  let lab: LabProject;
  beforeEach(() => {
    lab = new LabProject();
  });
  afterEach(() => lab.remove());

  describe("with a state directory that is another stack's", () => {
    const OTHER = STACK.replace("dev.json", "other.json");
    const USED =
      '{"checkpoint":{"latest":{"resources":[{"urn":"urn:pulumi:other::x","type":"pulumi:pulumi:Stack"}]}}}';
    const belongs: Record<string, () => void> = {
      "by its note": () => lab.put("owner", "stack other\nproject /p\n"),
      "by its state, as the version before left it": () => lab.put(OTHER, USED),
    };
    for (const [how, make] of Object.entries(belongs)) {
      it(`${how}, destroy of a stack that was never made removes nothing`, async () => {
        make();
        lab.put("host/applied", "1");
        for (let i = 0; i < 2; i++) {
          const { status, err } = await lab.run(() => destroy([]));
          assert.equal(status, 0);
          assert.equal(err, "destroy: stack dev does not exist: nothing to destroy\n");
        }
        assert.deepEqual(lab.calls(), []);
        assert.ok(existsSync(join(lab.stateDir, "host/applied")));
      });

      it(`${how}, nothing runs, and the message names the key, the other stack and the fix`, async () => {
        make();
        lab.put("host/applied", "1");
        lab.put(STACK, "{}");
        for (const verb of [up, preview, destroy]) {
          await assert.rejects(
            lab.run(() => verb([])),
            /edge-lab:stateDir = .*\.lab"\n.*belongs to stack other\n.*fix: .*stateDir: \.lab-dev in Pulumi\.dev\.yaml/,
          );
        }
        assert.deepEqual(lab.calls(), []);
        assert.ok(existsSync(join(lab.stateDir, STACK)));
      });
    }

    it("and both have resources there, the one that asks has it", async () => {
      lab.put(OTHER, USED);
      lab.put(STACK, USED);
      assert.equal((await lab.run(() => up([]))).status, 0);
      assert.match(readFileSync(join(lab.stateDir, "owner"), "utf8"), /^stack dev\nproject \//);
    });
  });

  it("destroy cleans what is noted as the stack's where Pulumi's state of it was lost", async () => {
    lab.put("owner", "stack dev\nproject /p\n");
    lab.put("host/applied", "1");
    const { status, err } = await lab.run(() => destroy([]));
    assert.equal(status, 0);
    assert.match(err, /stack dev does not exist any more/);
    assert.deepEqual(lab.calls(), ["libvirtd.sh apply", "edge-host.sh destroy"]);
    assert.ok(!existsSync(lab.stateDir));
  });

  it("destroy leaves what another stack has below .lab: configuration, backend, state directory", async () => {
    lab.put(STACK, "{}");
    const kept = [
      "config/Pulumi.other.yaml",
      "pulumi/.pulumi/stacks/edge-lab/other.json",
      "passphrase",
      "below/owner",
      "below/pool/x.qcow2",
    ];
    for (const path of [...kept, "config/Pulumi.dev.yaml", "log/x.log", "iso/x.iso"]) lab.put(path, "{}");
    assert.equal((await lab.run(() => destroy([]))).status, 0);
    for (const path of kept) assert.ok(existsSync(join(lab.stateDir, path)), path);
    for (const path of ["config/Pulumi.dev.yaml", "log", "iso", "owner"]) {
      assert.ok(!existsSync(join(lab.stateDir, path)), path);
    }
  });
});
