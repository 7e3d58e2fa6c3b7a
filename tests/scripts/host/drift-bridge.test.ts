import assert from "node:assert/strict";

import { driftOf } from "../support/drift";
import { LanHost } from "../support/lanHost";
import { needs } from "../support/sandbox";

describe("drift of the lab's bridge in the host's own LAN", () => {
  let host: LanHost;
  before(async function () {
    needs(this, "unshare", "nsenter", "dnsmasq", "busctl", "jq");
    host = await LanHost.start();
    apply();
  });
  after(async () => host.stop());

  const drift = (): string[] => driftOf(host.bridge("status"));
  const apply = (): void => {
    const { status, stderr } = host.bridge("apply");
    assert.equal(status, 0, stderr);
  };
  const state = (): string => host.sh("find /run/lab -printf '%p %m %s %T@\\n' | sort");

  const rows: Record<string, [RegExp, string]> = {
    "the uplink is taken out of it": [/no port of edgelan0/, "nmcli device disconnect eth0"],
    "the bridge is removed": [/edgelan0 is gone/, "nmcli device delete edgelan0"],
    "its profile is taken down": [/are not in use/, "nmcli connection down edgelan0"],
    "its profile is deleted": [/are not in use/, "nmcli connection delete edgelan0"],
    "its address is removed": [/has no address of 10\.99\.0\.0\/24/, "ip addr flush dev edgelan0"],
  };
  for (const [what, [found, breakIt]] of Object.entries(rows)) {
    it(what, () => {
      assert.deepEqual(drift(), []);
      host.sh(breakIt);
      const before = state();
      assert.ok(
        drift().some((text) => found.test(text)),
        JSON.stringify(drift()),
      );
      assert.equal(state(), before, "status changes nothing");
      apply();
      assert.deepEqual(drift(), []);
    });
  }

  it("a NetworkManager that does not run is named within seconds", () => {
    host.standIn("nmcli", "exit 8");
    const start = Date.now();
    assert.match(driftOf(host.bridge("status", { PATH: host.path })).join(), /NetworkManager does not run/);
    host.standIn("nmcli", "sleep 100");
    assert.match(driftOf(host.bridge("status", { PATH: host.path })).join(), /does not answer/);
    assert.ok(Date.now() - start < 10_000);
  });
});
