import assert from "node:assert/strict";

import { Guest } from "../support/guest";

describe("guest: keepalived's check of the app", () => {
  let guest: Guest;
  beforeEach(() => (guest = new Guest()));
  afterEach(() => guest.remove());

  const check = (): number | null => guest.run("usr/libexec/edge/vip-check", ["646433C6:1F90"]).status;
  const fit = (): void => {
    guest.append("proc/net/tcp", "   0: 646433C6:1F90 00000000:0000 0A 00000000:00000000\n");
    guest.write("usr/bin/podman", "");
    guest.shell('chmod +x "$ROOT/usr/bin/podman"');
    guest.write("run/user/1000/systemd/generator/container-httpd.service", "");
    guest.write("run/user/1000/edge/app-prepared", "");
    guest.write("run/edge/peers-known", "");
  };

  it("passes where the socket listens and podman can be run, in a boot that was judged", () => {
    fit();
    for (const start of ["35.00 40\n", "\0\0", ""]) {
      guest.write("run/edge/health", start === "" ? "red\n" : "green\n");
      guest.write("run/user/1000/edge/app-starting", start);
      assert.equal(check(), 0);
    }
  });

  for (const [what, breakIt] of [
    ["no listener", () => guest.write("proc/net/tcp", "   0: 646433C6:1F90 00000000:0000 01 0\n")],
    ["podman cannot be run", () => guest.shell('chmod -x "$ROOT/usr/bin/podman"')],
    ["no unit of the container", () => guest.shell('rm "$ROOT"/run/user/1000/systemd/generator/*')],
    ["a boot without a verdict", () => guest.write("run/edge/health", "pending\n")],
    ["podman not set up in this boot", () => guest.shell('rm "$ROOT"/run/user/1000/edge/app-prepared')],
    ["peers that may not know it", () => guest.shell('rm "$RUN/peers-known"')],
    ["a start that failed", () => guest.write("run/user/1000/edge/app-broken", "")],
    ["a start past its time", () => guest.write("run/user/1000/edge/app-starting", "5.00 39\n")],
  ] as const) {
    it(`fails with ${what}`, () => {
      fit();
      breakIt();
      assert.equal(check(), 1);
    });
  }
});
