import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { Guest } from "../support/guest";
import { OWN_NAMESPACES } from "../support/namespaces";
import { needs } from "../support/sandbox";

interface Seen {
  readonly heard: string;
  readonly error: string;
  readonly seconds: number;
}

interface World {
  readonly accepted: Seen;
  readonly kept: Seen;
  readonly doomed: Seen;
  readonly forgotten: Seen;
  readonly framesForTheForgotten: number;
}

/** Seconds until the tests' devices reset a connection that nobody answers. */
const SILENCE = 2;

/** A device whose script changes its own network namespace. */
function device(address: string, peer: string): Guest {
  const guest = new Guest();
  guest.device({
    EDGE_ADDRESS: address,
    EDGE_PEERS: peer,
    EDGE_VIP: "10.0.9.100",
    EDGE_INTERFACE: "eth0",
    EDGE_FORWARD_SECONDS: String(SILENCE),
  });
  rmSync(join(guest.root, "proc/sys"), { recursive: true });
  symlinkSync("/proc/sys", join(guest.root, "proc/sys"));
  return guest;
}

describe("guest: connections, when the virtual IP moves", () => {
  let world: World;
  let guests: Guest[];
  before(function () {
    needs(this, "nft", "unshare", "ip");
    guests = [device("10.0.9.11", "10.0.9.12 10.0.9.13"), device("10.0.9.12", "10.0.9.13 10.0.9.11")];
    const command = [process.execPath, "--import", "tsx", "tests/scripts/support/vipForward.ts"];
    const { status, stdout, stderr } = spawnSync(
      "unshare",
      [...OWN_NAMESPACES, ...command, ...guests.map((guest) => guest.root)],
      { encoding: "utf8", timeout: 100_000 },
    );
    assert.equal(status, 0, stderr);
    world = JSON.parse(stdout) as World;
  });
  after(() => guests.forEach((guest) => guest.remove()));

  it("one that was just accepted is answered by the old owner, through the new one, at once", () => {
    assert.deepEqual([world.accepted.heard, world.accepted.error], ["old", ""]);
    assert.ok(world.accepted.seconds < 1, `${world.accepted.seconds} s`);
  });

  it("one that is kept goes on with the old owner", () => {
    assert.deepEqual([world.kept.heard, world.kept.error], ["oldold", ""]);
  });

  it("one whose owner is gone is reset, after a silence", () => {
    assert.deepEqual([world.doomed.heard, world.doomed.error], ["old", "ECONNRESET"]);
    assert.ok(world.doomed.seconds >= SILENCE, `${world.doomed.seconds} s`);
  });

  it("one that nobody knows any more is reset, and does not go round between the devices", () => {
    assert.deepEqual([world.forgotten.heard, world.forgotten.error], ["new", "ECONNRESET"]);
    assert.ok(world.forgotten.seconds >= SILENCE, `${world.forgotten.seconds} s`);
    assert.ok(world.framesForTheForgotten < 60, `${world.framesForTheForgotten} frames`);
  });
});
