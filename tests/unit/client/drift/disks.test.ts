import assert from "node:assert/strict";

import { diskDrift } from "../../../../client/drift/disks";
import type { LibvirtStatus } from "../../../../client/drift/libvirt";
import type { RecordedCommand, StackState } from "../../../../lib/stackState";

const GIB = 2 ** 30;
const FULL = { fileBytes: GIB, allocatedBytes: GIB };
const NEW = { fileBytes: 196_616, allocatedBytes: 200_704 };

describe("drift of the devices' disks", () => {
  type Installed = boolean | "pending";
  const state = (installed: Installed, dropped = false): StackState => {
    const pendingReplacement = installed === "pending";
    const command = { create: "", environment: {}, stdin: "", stdout: "", pendingReplacement };
    const names = ["d1-enrolment", ...(installed !== false ? ["d1-installed"] : [])];
    return {
      commands: new Map(names.map((name): [string, RecordedCommand] => [name, { name, ...command }])),
      objects: dropped
        ? []
        : [
            {
              name: "d1-disk",
              kind: "volume",
              id: "",
              libvirtName: "d1.qcow2",
              pool: "p",
              trigger: "",
              bytes: 8 * GIB,
            },
          ],
    };
  };
  const found = (
    volumes: LibvirtStatus["volumes"],
    installed: Installed = true,
    dropped = false,
  ): readonly string[] => {
    // Files are looked at without a daemon.
    const status = { answers: false, domains: {}, networks: {}, pools: {}, volumes };
    return diskDrift(state(installed, dropped), status).flatMap(([name, texts]) => {
      assert.equal(name, "d1-disk");
      return texts;
    });
  };

  it("is none for a disk that has anything on it, whatever its file system counts", () => {
    assert.deepEqual(found({ "d1.qcow2": FULL }), []);
    assert.deepEqual(found({ "d1.qcow2": { ...FULL, allocatedBytes: 0 } }), []);
    assert.deepEqual(found({ "d1.qcow2": { ...FULL, fileBytes: 0 } }), []);
  });
  it("names one that is gone, and one that is empty", () => {
    assert.deepEqual(found({ "d2.qcow2": FULL }), ["its disk d1.qcow2 is gone"]);
    assert.deepEqual(found({ "d1.qcow2": NEW }), ["its disk d1.qcow2 is empty"]);
  });
  it("is none for a disk that is being installed, and is still empty", () => {
    assert.deepEqual(found({ "d1.qcow2": NEW }, false), []);
    assert.deepEqual(found({ "d1.qcow2": NEW }, "pending"), []);
  });
  it("names one that a refresh has dropped from the state, unless nothing was installed on it", () => {
    assert.deepEqual(found({}, true, true), ["its disk is gone, also from the stack's state"]);
    assert.deepEqual(found({}, false, true), []);
    // Its file is there all the same.
    assert.deepEqual(found({ "d1-0123456789ab.qcow2": FULL }, true, true), []);
    assert.deepEqual(found({ "d1-x-0123456789ab.qcow2": FULL }, true, true).length, 1);
  });
});
