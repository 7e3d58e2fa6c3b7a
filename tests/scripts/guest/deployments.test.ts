import assert from "node:assert/strict";

import { Guest, V1, V2, V3 } from "../support/guest";

describe("guest: deployments, as ostree admin status prints them", () => {
  let guest: Guest;
  beforeEach(() => (guest = new Guest()));
  afterEach(() => guest.remove());

  const read = (): string[][] =>
    guest
      .shell('read_deployments; printf "%s" "$DEPLOYMENTS"')
      .split("\n")
      .map((line) => line.split("\t"));

  it("staged, booted, rollback", () => {
    guest.deployed([
      { commit: V3, version: "0.0.3", note: "staged" },
      { commit: V2, version: "0.0.2", booted: true },
      { commit: V1, version: "0.0.1", note: "rollback" },
    ]);
    assert.deepEqual(read(), [
      ["-", V3, "0.0.3", "staged"],
      ["0", V2, "0.0.2", "booted"],
      ["1", V1, "0.0.1", "rollback"],
    ]);
  });

  it("a fallback boot: what failed comes first; unlocked and unversioned ones are read as well", () => {
    guest.deployed([
      { commit: V2, version: "0.0.2" },
      { commit: V1, version: "0.0.1", booted: true },
    ]);
    const text = guest.read("status").replace("    Version: 0.0.2\n", "");
    guest.write("status", `${text}    Unlocked: development\n`);
    assert.deepEqual(read(), [
      ["0", V2, "-", "pending"],
      ["1", V1, "0.0.1", "booted"],
    ]);
  });

  it("ostree is asked once until something changes", () => {
    read();
    guest.write("ostree/deploy/touched", "");
    guest.shell('touch -d @1 "$ROOT/ostree/deploy"; read_deployments; read_deployments');
    const asked = guest.calls().filter((call) => call === "ostree admin status").length;
    guest.shell("read_deployments");
    assert.equal(guest.calls().filter((call) => call === "ostree admin status").length, asked);
    guest.deployed([{ commit: V2, version: "0.0.2", booted: true }]);
    assert.deepEqual(read(), [["0", V2, "0.0.2", "booted"]]);
  });

  it("a change under a clock that was set back meanwhile is seen", () => {
    read();
    guest.shell('touch -d "+9 hours" "$RUN/deployments" "$ROOT/ostree/deploy"; read_deployments');
    guest.deployed([
      { commit: V2, version: "0.0.2", note: "staged" },
      { commit: V1, version: "0.0.1", booted: true },
    ]);
    assert.equal(read()[0]?.[3], "staged");
    guest.shell('touch -d "+9 hours" "$RUN/deployments"');
    guest.deployed([
      { commit: V3, version: "0.0.3", note: "staged" },
      { commit: V1, version: "0.0.1", booted: true },
    ]);
    assert.equal(read()[0]?.[1], V3);
  });

  it("an ostree that fails is an error, not an empty list", () => {
    guest.standIn("ostree", "echo no >&2; exit 1");
    assert.equal(guest.shell("read_deployments || echo failed").trim(), "failed");
    assert.equal(guest.has("run/edge/deployments"), false);
  });
});
