import assert from "node:assert/strict";
import { join } from "node:path";

import { skipBecause } from "../../support/skip";
import { LanHost, type Outcome } from "../support/lanHost";

const HOME = "nmcli -g connection.uuid connection show home";

/** Against a real NetworkManager, with a router and its DHCP server on the other end of the uplink. */
describe("the lab's bridge in the host's own LAN", () => {
  let host: LanHost;
  let before: string;

  beforeEach(async function () {
    if (process.getuid?.() !== 0) skipBecause(this, "network namespaces need root");
    this.timeout("60s");
    host = await LanHost.start();
    before = host.network();
  });
  afterEach(async () => {
    // Without root nothing was started.
    if (process.getuid?.() === 0) await host.stop();
  });

  const succeeds = (outcome: Outcome): Record<string, unknown> => {
    assert.equal(outcome.status, 0, outcome.stderr);
    return JSON.parse(outcome.stdout) as Record<string, unknown>;
  };
  const fails = (outcome: Outcome, ...says: RegExp[]): void => {
    assert.equal(outcome.status, 1, outcome.stdout + outcome.stderr);
    for (const pattern of says) assert.match(outcome.stderr, pattern);
  };
  const port = (): string => host.sh("ls /sys/class/net/edgelan0/brif");
  const addresses = (device: string): string =>
    host.sh(`ip -4 -o addr show dev ${device} | awk '{print $4}' | paste -sd' '`);

  it("takes the uplink in with its address, MAC and route, and gives it back", () => {
    const address = addresses("eth0");
    const mac = host.sh("cat /sys/class/net/eth0/address");
    assert.deepEqual(succeeds(host.bridge("apply")), {
      bridge: "edgelan0",
      address: address.split("/")[0],
      router: "10.99.0.1",
      nameservers: ["10.99.0.1"],
    });
    assert.equal(port(), "eth0");
    assert.equal(addresses("edgelan0"), address);
    assert.equal(addresses("eth0"), "");
    assert.equal(host.sh("cat /sys/class/net/edgelan0/address"), mac);
    // The metric is as before, so routes of other interfaces keep their priority.
    assert.match(
      host.sh("ip -4 route show default"),
      /^default via 10\.99\.0\.1 dev edgelan0 .* metric 100\b/,
    );
    // A refused connection proves that the router itself answered.
    host.sh("status=0; curl -s --noproxy '*' --max-time 2 http://10.99.0.1:9/ || status=$?; ((status == 7))");
    // The profiles now survive a restart of the host; during the trial they were only in memory.
    assert.match(host.sh("ls /run/nm/profiles"), /edgelan0-eth0\.nmconnection\nedgelan0\.nmconnection\n/);
    assert.equal(
      host.sh(
        "busctl --system get-property org.freedesktop.NetworkManager /org/freedesktop/NetworkManager org.freedesktop.NetworkManager Checkpoints",
      ),
      "ao 0",
    );

    assert.equal(host.bridge("destroy").status, 0);
    assert.equal(host.network(), before);
  });

  it("changes nothing when it is applied again, and destroys what is not there", () => {
    assert.equal(host.bridge("destroy").status, 0);
    const first = succeeds(host.bridge("apply"));
    const then = host.sh("nmcli -t -f UUID,TIMESTAMP connection show --active | sort");
    assert.deepEqual(succeeds(host.bridge("apply")), first);
    assert.deepEqual(succeeds(host.bridge("status")), { bridge: first["bridge"], drift: [] });
    assert.equal(host.sh("nmcli -t -f UUID,TIMESTAMP connection show --active | sort"), then);
    for (let i = 0; i < 2; i++) assert.equal(host.bridge("destroy").status, 0);
    assert.equal(host.network(), before);
    const { bridge, drift } = succeeds(host.bridge("status"));
    assert.equal(bridge, null);
    assert.notDeepEqual(drift, []);
  });

  it("takes over addresses, routes and name servers that a profile fixes", () => {
    host.sh(`nmcli connection modify home ipv4.method manual ipv4.addresses 10.99.0.20/24,10.98.0.3/16 ipv4.gateway 10.99.0.1 \
      ipv4.dns 10.99.0.2,10.99.0.3 ipv4.routes "10.5.0.0/16 10.99.0.9 5" connection.zone "" 802-3-ethernet.mtu 1400
      nmcli connection up home`);
    const fixed = host.network();
    const { address, nameservers } = succeeds(host.bridge("apply"));
    assert.deepEqual(
      { address, nameservers },
      { address: "10.99.0.20", nameservers: ["10.99.0.2", "10.99.0.3"] },
    );
    assert.equal(addresses("edgelan0"), "10.99.0.20/24 10.98.0.3/16");
    assert.match(host.sh("ip -4 route show 10.5.0.0/16"), /via 10\.99\.0\.9 dev edgelan0 .*metric 5/);
    assert.equal(host.sh("cat /sys/class/net/edgelan0/mtu"), "1400");
    assert.equal(host.bridge("destroy").status, 0);
    assert.equal(host.network(), fixed);
  });

  it("puts all back when the router does not answer any more", () => {
    host.sh(`nmcli connection modify home ipv4.method manual ipv4.addresses 10.99.0.20/24 ipv4.gateway 10.99.0.1
      nmcli connection up home`);
    // The router answers only until the port goes up.
    host.standIn(
      "nmcli",
      `[[ "$*" != *"connection up"* ]] || ip -n router addr del 10.99.0.1/24 dev lan0\nexec ${host.sh("command -v nmcli")} "$@"`,
    );
    const fixed = host.network();
    const began = host.beginBridge("apply", { PATH: host.path });
    let said = "";
    began.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    return new Promise<void>((resolve) => began.once("exit", () => resolve())).then(() => {
      assert.match(said, /after 6 s the router 10\.99\.0\.1 does not answer on edgelan0/);
      assert.match(said, /putting everything back/);
      host.sh("ip -n router addr add 10.99.0.1/24 dev lan0; rm -r /run/lab");
      assert.equal(host.network(), fixed);
    });
  });

  it("puts all back when the uplink is lost", async () => {
    const began = host.beginBridge("apply", { EDGE_REACHABLE_SECONDS: "4" });
    let said = "";
    began.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await host.until("[[ -e /run/lab/host/lan-checkpoint ]]");
    host.sh("ip -n router link set lan0 down");
    await new Promise<void>((resolve) => {
      began.once("exit", () => resolve());
      // The link comes back only after bridge.sh has given up on it.
      began.stderr?.on("data", (chunk: Buffer) => {
        if (chunk.includes("putting everything back")) host.sh("ip -n router link set lan0 up");
      });
    });
    assert.match(said, /error: .*edgelan0/);
    await host.until(
      `[[ $(nmcli -g GENERAL.CON-UUID device show eth0) == "$(${HOME})" ]] && ip -4 addr show dev eth0 | grep -q inet`,
    );
    assert.equal(host.bridge("destroy").status, 0);
    assert.equal(host.network(), before);
  });

  it("is reverted by NetworkManager itself when it is killed on trial", async () => {
    host.sh("kill -STOP $(pgrep dnsmasq)");
    const began = host.beginBridge("apply", { EDGE_REACHABLE_SECONDS: "1" });
    await host.until("[[ -e /sys/class/net/edgelan0/brif/eth0 ]]");
    // A host that reboots now comes up as it was.
    assert.doesNotMatch(host.sh("ls /run/nm/profiles"), /edgelan0/);
    host.sh("kill -KILL $(pgrep -f 'bridge[.]sh apply')");
    began.kill("SIGKILL");
    host.sh("kill -CONT $(pgrep dnsmasq)");
    await host.until("[[ ! -e /sys/class/net/edgelan0 ]] && ip -4 addr show dev eth0 | grep -q inet", 40);
    // destroy, like apply, recovers from the record of the killed run.
    assert.equal(host.bridge("destroy").status, 0);
    assert.equal(host.network(), before);
  });

  it("converges at once after a run that was killed on trial", async () => {
    host.sh("kill -STOP $(pgrep dnsmasq)");
    host.beginBridge("apply", { EDGE_REACHABLE_SECONDS: "60" });
    await host.until("[[ -e /sys/class/net/edgelan0/brif/eth0 ]]");
    host.sh("kill -KILL $(pgrep -f 'bridge[.]sh apply'); kill -CONT $(pgrep dnsmasq)");
    succeeds(host.bridge("apply"));
    assert.equal(port(), "eth0");
    assert.equal(host.bridge("destroy").status, 0);
    assert.equal(host.network(), before);
  });

  for (const [what, program, body, says] of [
    [
      "NetworkManager makes no checkpoint",
      "busctl",
      '[[ "$*" != *CheckpointCreate* ]] || { echo "Call failed: device in use by another checkpoint" >&2; exit 1; }',
      /another checkpoint\n.*makes no checkpoint .*nothing was changed/,
    ],
    [
      "a profile is refused",
      "nmcli",
      '[[ "$*" != *"type ethernet con-name edgelan0-eth0"* ]] || { echo "Error: no such thing" >&2; exit 2; }',
      /Error: no such thing\n.*putting everything back\n.*eth0 is as it was/,
    ],
    [
      "the port does not come up",
      "nmcli",
      '[[ "$*" != *"connection up uuid"* || "$*" == *ifname* ]] || { echo "Error: timeout" >&2; exit 3; }',
      /does not take eth0 into edgelan0\n.*putting everything back/,
    ],
    [
      "the checkpoint was over before the end",
      "busctl",
      '[[ "$*" != *get-property*Checkpoints* ]] || { echo "ao 0"; exit; }',
      /the checkpoint was over before edgelan0 was ready/,
    ],
  ] as const) {
    it(`leaves the host as it was when ${what}`, async () => {
      host.standIn(program, `${body}\nexec ${host.sh(`command -v ${program}`)} "$@"`);
      const outcome = host.bridge("apply", { PATH: host.path });
      assert.notEqual(outcome.status, 0);
      assert.equal(outcome.stdout, "");
      assert.match(outcome.stderr, says);
      await host.until("ip -4 addr show dev eth0 | grep -q inet");
      assert.equal(host.bridge("destroy").status, 0);
      assert.equal(host.network(), before);
    });
  }

  it("is found by edge-host.sh's destroy when no state knows of it", () => {
    succeeds(host.bridge("apply"));
    const { status, stderr } = host.run([join(process.cwd(), "assets/host/edge-host.sh"), "destroy"], {
      EDGE_BRIDGE: "",
      EDGE_UPLINK: "",
      EDGE_LIBVIRT_URI: "test:///default",
    });
    assert.equal(status, 0, stderr);
    assert.equal(host.network(), before);
  });

  it("finds its bridge again when its own notes are lost", () => {
    succeeds(host.bridge("apply"));
    host.sh("rm -r /run/lab");
    assert.equal(host.bridge("destroy").status, 0);
    // NetworkManager itself activates the only profile for the uplink, although nobody asked for it.
    assert.match(host.sh("nmcli -t -f NAME,DEVICE connection"), /^home:eth0$/m);
    assert.ok(!host.sh("ls /sys/class/net").includes("edgelan0"));
  });

  for (const [what, change, says, env] of [
    [
      "an uplink that is not there",
      "",
      /uplink eth9 is no interface of this host; fix: .*eth0 \(10\.99\./,
      { EDGE_UPLINK: "eth9" },
    ],
    [
      "a network that the uplink is not in",
      "",
      /network\.cidr 192\.168\.76\.0\/24 is not the network of network\.uplink eth0.*: 10\.99\.0\.0\/24/,
      { EDGE_CIDR: "192.168.76.0/24" },
    ],
    [
      "an uplink that NetworkManager leaves alone",
      "nmcli device set eth0 managed no",
      /eth0 is not NetworkManager's: 10 \(unmanaged\); fix: /,
      {},
    ],
    [
      "an uplink without a connection",
      "nmcli device disconnect eth0",
      /eth0 is not connected: 30 \(disconnected\); fix: .*nmcli device connect eth0/,
      {},
    ],
    [
      "a port of another bridge",
      "nmcli connection add type bridge ifname br7 con-name br7 ipv4.method disabled ipv6.method disabled; nmcli connection add type ethernet ifname eth0 con-name p7 master br7; nmcli connection up p7",
      /eth0 is a port of br7; fix: take it out/,
      {},
    ],
    ["a bridge", "ip link add br8 type bridge", /uplink br8 is a bridge itself/, { EDGE_UPLINK: "br8" }],
    [
      "a name that another interface has",
      "ip link add edgelan0 type bridge",
      /has an interface edgelan0 already; fix: remove it/,
      {},
    ],
    [
      "a NetworkManager that does not run",
      "kill $(pgrep -x NetworkManager)",
      /NetworkManager does not run; fix: start it/,
      {},
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      if (change !== "") host.sh(change);
      if (change.startsWith("kill")) await host.until("! nmcli general");
      const then = host.sh("ip -o addr; ip route; ls /run/nm/profiles");
      fails(host.bridge("apply", env), says, /nothing on it was changed; 1 to mend/);
      const strip = (text: string): string => text.replace(/valid_lft \d+sec preferred_lft \d+sec/g, "");
      assert.equal(strip(host.sh("ip -o addr; ip route; ls /run/nm/profiles")), strip(then));
      assert.equal(host.sh("ls /run/lab/host 2>/dev/null || echo none"), "none");
    });
  }
});
