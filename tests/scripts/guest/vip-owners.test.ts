import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Guest } from "../support/guest";
import { OWN_NAMESPACES } from "../support/namespaces";
import { needs } from "../support/sandbox";

interface Seen {
  readonly owners: readonly string[];
  readonly takeovers: readonly number[];
}

interface World {
  readonly seen: Readonly<Record<string, Seen>>;
  readonly heardStranger: boolean;
  readonly complaints: readonly string[];
}

const ADDRESSES = [11, 12, 13, 14, 15].map((n) => `10.0.9.${n}`);
const NOBODY = [0, 0, 0, 0, 0];

/** The address's devices are d1 (the primary), d2 and d3; d4 is new, and d5 no device of the lab. */
function device(index: number): Guest {
  const guest = new Guest();
  const known = ADDRESSES.slice(0, index < 3 ? 3 : 4);
  guest.device({
    EDGE_NAME: `d${index + 1}`,
    EDGE_ADDRESS: ADDRESSES[index] ?? "",
    EDGE_PEERS: known.join(" "),
    EDGE_VIP: "10.0.9.100",
    EDGE_VIP_STATE: index === 0 ? "MASTER" : "BACKUP",
    EDGE_VIP_PRIORITY: String(index === 4 ? 255 : 255 - index),
    EDGE_INTERFACE: "eth0",
    EDGE_ADVERT_SECONDS: "0.3",
  });
  // What the check looks at, as on a device that can serve the app.
  guest.write("run/edge/health", "green\n");
  guest.append("proc/net/tcp", "   0: 6409000A:1F90 00000000:0000 0A 00000000:00000000\n");
  guest.write("usr/bin/podman", "");
  guest.write("run/user/1000/systemd/generator/container-httpd.service", "");
  guest.write("run/user/1000/edge/app-prepared", "");
  guest.write("etc/shadow", "core:$6$a$b:1::::::\n");
  guest.write("var/home/core/.ssh/authorized_keys", "k\n");
  guest.shell('chmod +x "$ROOT/usr/bin/podman"; edge_load_env; render_keepalived');
  guest.noStandIn("keepalived");
  rmSync(join(guest.root, "proc/sys"), { recursive: true });
  symlinkSync("/proc/sys", join(guest.root, "proc/sys"));
  const unit = `#!/bin/sh
cp "$EDGE_ROOT/run/edge/keepalived.conf" "$EDGE_ROOT/test.conf"
[ "$1" = start ] || kill -HUP "$(cat "$EDGE_ROOT/keepalived.pid")"
exec "$EDGE_ROOT/usr/libexec/edge/keep-connections"
`;
  writeFileSync(join(guest.root, "keepalived-unit"), unit, { mode: 0o755 });
  guest.standIn("systemctl", 'exec "$EDGE_ROOT/keepalived-unit" reload');
  return guest;
}

describe("guest: the virtual IP of several devices, by the real keepalived", () => {
  let world: World;
  let guests: Guest[];
  before(function () {
    needs(this, "nft", "unshare", "ip");
    guests = ADDRESSES.map((_, i) => device(i));
    const command = [process.execPath, "--import", "tsx", "tests/scripts/support/vipOwners.ts"];
    const { status, stdout, stderr } = spawnSync(
      "unshare",
      [...OWN_NAMESPACES, ...command, ...guests.map((guest) => guest.root)],
      { encoding: "utf8", timeout: 150_000 },
    );
    assert.equal(status, 0, stderr);
    world = JSON.parse(stdout) as World;
  });
  after(() => guests.forEach((guest) => guest.remove()));

  const at = (what: string): Seen => world.seen[what] ?? assert.fail(`nothing was seen of: ${what}`);
  const quiet = (what: string): void =>
    assert.deepEqual(at(what), { owners: ["d1"], takeovers: NOBODY }, what);

  it("keepalived takes the configuration without a complaint", () => {
    assert.deepEqual(world.complaints, []);
  });

  it("the primary owns it, and nobody takes it from it", () => {
    assert.deepEqual(at("at first").owners, ["d1"]);
  });

  it("a new device is not the owner while the others do not know it, nor after", () => {
    quiet("a new device that nobody knows");
    quiet("its peers learn of it");
    quiet("it may own the address");
  });

  it("a machine that is no peer takes it from nobody, whatever its priority and address", () => {
    const { owners, takeovers } = at("a stranger with a higher priority and address");
    // It is the owner in its own world.
    assert.deepEqual(owners, ["d1", "d5"]);
    assert.deepEqual(takeovers, [0, 0, 0, 0, 1]);
    assert.equal(world.heardStranger, false);
  });

  it("the first backup takes over; the primary takes it back once", () => {
    assert.deepEqual(at("the primary loses power").owners, ["d2"]);
    assert.deepEqual(at("it comes back"), { owners: ["d1"], takeovers: [1, 0, 0, 0, 0] });
  });

  it("other priorities are in place without a change of the owner, and count at the next takeover", () => {
    quiet("other priorities");
    assert.deepEqual(at("the primary loses power again").owners, ["d4"]);
    assert.deepEqual(at("and comes back").owners, ["d1"]);
  });

  it("another interval, longer or shorter, the owner first, costs no takeover", () => {
    quiet("a longer interval");
    quiet("a shorter interval");
  });
});
