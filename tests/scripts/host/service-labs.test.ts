import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { needs, Sandbox } from "../support/sandbox";

const LIB = join(process.cwd(), "assets/host/lib");
const LOAD = `set -euo pipefail; for part in paths log wait service; do . "${LIB}/$part.sh"; done`;

describe("a service of one lab", () => {
  let box: Sandbox;
  before(function () {
    needs(this, "supervisord", "curl", "flock");
  });
  beforeEach(() => {
    box = new Sandbox();
  });
  afterEach(() => box.remove());

  it("runs beside that of another state directory in the same namespace, which its removal leaves running", () => {
    const other = box.path("other");
    const both = `one() { (STATE_DIR=$1; EDGE_STATE_DIR=$1; ${LOAD}; shift; "$@"); }`;
    box.ok([
      "bash",
      "-c",
      `${both}
      for dir in "$EDGE_STATE_DIR" "$1"; do one "$dir" service_apply same sleep 1000; done
      one "$EDGE_STATE_DIR" service_remove same
      one "$1" service_running same
      ! one "$EDGE_STATE_DIR" service_running same
      one "$1" service_remove same`,
      "bash",
      other,
    ]);
    assert.ok(!existsSync(join(other, "services")));
  });
});
