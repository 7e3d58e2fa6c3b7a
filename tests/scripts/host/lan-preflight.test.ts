import assert from "node:assert/strict";

import { skipBecause } from "../../support/skip";
import { LanHost } from "../support/lanHost";

const LIBRARIES = ["root", "paths", "log", "wait", "preflight", "networkmanager", "lan", "lan-bridge"]
  .map((name) => `. assets/host/lib/${name}.sh`)
  .join("\n");

/** Probes for addresses in use run in a real LAN, with a router 10.99.0.1 and a neighbour 10.99.0.30. */
describe("preflight in the host's own LAN", () => {
  let host: LanHost;
  let own: string;

  before(async function () {
    if (process.getuid?.() !== 0) skipBecause(this, "network namespaces need root");
    this.timeout("60s");
    host = await LanHost.start();
    own = host.sh("ip -4 -o addr show dev eth0 | awk '{print $4}' | cut -d/ -f1");
    host.sh("ip -n router addr add 10.99.0.30/24 dev lan0");
  });
  after(async () => {
    // Without root nothing was started.
    if (process.getuid?.() === 0) await host.stop();
  });

  const check = (text: string, env: Record<string, string> = {}): string[] => {
    const script = `set -euo pipefail\n${LIBRARIES}\n${text}\nreport_problems`;
    const { stderr } = host.run(["bash", "-c", `cd "$1"; ${script}`, "-", process.cwd()], env);
    return stderr.split("\n").flatMap((line) => /^ {2}- (.*)$/.exec(line)?.[1] ?? []);
  };
  const neighbourMac = (): string => host.sh("ip netns exec router cat /sys/class/net/lan0/address");

  it("takes addresses that nobody has", () => {
    assert.deepEqual(check("check_lan_addresses eth0 '' 10.99.0.200 10.99.0.201"), []);
  });

  it("names one that another machine answers for, and whose it is", () => {
    const [problem = "", ...more] = check("check_lan_addresses eth0 '' 10.99.0.200 10.99.0.30");
    assert.deepEqual(more, []);
    assert.ok(
      problem.startsWith(`10.99.0.30 of the lab is taken: ${neighbourMac()} answers for it on eth0; fix: `),
      problem,
    );
  });

  it("takes one that a device of the lab answers for", () => {
    assert.deepEqual(
      check(`check_lan_addresses eth0 '52:54:00:00:00:01 ${neighbourMac().toUpperCase()}' 10.99.0.30`),
      [],
    );
  });

  it("names the router's address and the host's own", () => {
    const problems = check(`check_lan_addresses eth0 '' 10.99.0.1 ${own}`);
    assert.deepEqual(
      problems.map((p) => p.split("; fix: ")[0]),
      ["10.99.0.1 of the lab is the LAN's router", `${own} of the lab is this host's own`],
    );
  });

  it("does not take the uplink's own network for a taken one, but another interface's", () => {
    assert.deepEqual(check("check_subnet 10.99.0.0/24 edgelan0 eth0"), []);
    const [problem = ""] = check("check_subnet 10.99.0.0/24 edgelan0 eth7");
    assert.match(problem, /overlaps 10\.99\.0\.0\/24, which eth0 uses/);
  });

  it("names a firewall that throws bridged traffic away", () => {
    host.standIn("iptables", `echo '-P FORWARD DROP'; cat /run/rules 2>/dev/null; exit 0`);
    host.standIn("cat", `[[ $1 != *bridge-nf-call-iptables ]] || { echo 1; exit; }; exec /bin/cat "$@"`);
    const env = { PATH: host.path };
    const [problem = ""] = check("check_bridged_traffic edgelan0", env);
    assert.match(problem, /firewall drops what bridged guests send.*fix: .*iptables -I FORWARD -i edgelan0/);
    host.sh("echo '-A FORWARD -i edgelan0 -o edgelan0 -j ACCEPT' >/run/rules");
    assert.deepEqual(check("check_bridged_traffic edgelan0", env), []);
  });

  it("knows the lab's bridge again, and asks there", () => {
    assert.equal(host.bridge("apply").status, 0);
    const text = `lan_bridge_there; [[ $(address_in "$EDGE_CIDR" edgelan0) == ${own} ]] || problem "no address" "none"
      check_lan_addresses edgelan0 '' 10.99.0.30`;
    const [problem = ""] = check(text);
    assert.match(problem, /10\.99\.0\.30 of the lab is taken: .* on edgelan0/);
    assert.equal(host.bridge("destroy").status, 0);
    assert.deepEqual(check("! lan_bridge_there"), []);
  });
});
