import assert from "node:assert/strict";

import { diskDrift } from "../../../../client/drift/disks";
import type { LibvirtStatus } from "../../../../client/drift/libvirt";
import type { RecordedCommand, StackState } from "../../../../lib/stackState";

const GIB = 2 ** 30;
const FULL = { bytes: 8 * GIB, allocatedBytes: GIB };

describe("drift of the devices' disks", () => {
  const state = (installed: boolean, dropped = false): StackState => {
    const command = { create: "", environment: {}, stdin: "", stdout: "" };
    const names = ["d1-enrolment", ...(installed ? ["d1-installed"] : [])];
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
  const found = (volumes: LibvirtStatus["volumes"], installed = true, dropped = false): readonly string[] => {
    // Files are looked at without a daemon.
    const status = { answers: false, domains: {}, networks: {}, pools: {}, volumes };
    return diskDrift(state(installed, dropped), status).flatMap(([name, texts]) => {
      assert.equal(name, "d1-disk");
      return texts;
    });
  };

  it("is none for an installed disk, whatever it has grown to", () => {
    assert.deepEqual(found({ "d1.qcow2": FULL }), []);
    assert.deepEqual(found({ "d1.qcow2": { ...FULL, bytes: 9 * GIB } }), []);
  });
  for (const [what, volumes, says] of [
    ["gone", { "d2.qcow2": FULL }, "its disk d1.qcow2 is gone"],
    [
      "smaller",
      { "d1.qcow2": { ...FULL, bytes: GIB } },
      `its disk d1.qcow2 has ${GIB} bytes instead of ${8 * GIB}`,
    ],
    [
      "no QCOW2",
      { "d1.qcow2": { ...FULL, bytes: 0 } },
      `its disk d1.qcow2 has 0 bytes instead of ${8 * GIB}`,
    ],
    ["new", { "d1.qcow2": { ...FULL, allocatedBytes: 200_704 } }, "its disk d1.qcow2 is empty"],
  ] as const) {
    it(`names one that is ${what}`, () => assert.deepEqual(found(volumes), [says]));
  }
  it("is none for a disk that is being installed, and is still empty", () => {
    assert.deepEqual(found({ "d1.qcow2": { ...FULL, allocatedBytes: 200_704 } }, false), []);
  });
  it("names one that a refresh has dropped from the state, unless nothing was installed on it", () => {
    assert.deepEqual(found({}, true, true), ["its disk is gone, also from the stack's state"]);
    assert.deepEqual(found({}, false, true), []);
  });
});
