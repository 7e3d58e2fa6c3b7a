import { join } from "node:path";

import { Preflight } from "../../support/preflight";
import { needs } from "../support/sandbox";

const LIB = join(process.cwd(), "assets/host/lib");

describe("preflight: other name servers of the host", function () {
  this.timeout("30s");
  let preflight: Preflight;
  before(function () {
    needs(this, "dnsmasq", "ss");
  });
  beforeEach(() => {
    preflight = new Preflight();
  });
  afterEach(() => preflight.remove());

  const namespace = { namespace: true };
  /** Starts a real dnsmasq with options, in a namespace with the bridge's address, then checks. */
  const beside = (...dnsmasq: string[]): string => `
    . "${LIB}/preflight-dns.sh"
    ip link set lo up
    ip addr add 192.168.76.1/24 dev lo
    ip addr add 10.9.9.1/24 dev lo
    dnsmasq --conf-file=/dev/null --no-hosts --no-resolv --pid-file= --user=root --keep-in-foreground ${dnsmasq.join(" ")} &
    server=$!
    trap 'kill $server' EXIT
    until [[ $(ss -Hlnu 'sport = :53') == *:53* ]]; do sleep 0.05; done
    check_name_server 192.168.76.1 edgelab0`;

  it("takes a host without one", () => {
    preflight.good(`. "${LIB}/preflight-dns.sh"; check_name_server 192.168.76.1 edgelab0`, namespace);
  });

  it("names one on every address, and what keeps it from the lab's bridge", () => {
    preflight.bad(
      beside(),
      /^dnsmasq \(process \d+\) listens on 0\.0\.0\.0:53 \(udp\), where libvirt's dnsmasq answers the devices on edgelab0$/,
      /bind-interfaces and except-interface=edgelab0.*systemctl restart dnsmasq/,
      namespace,
    );
  });

  it("takes it with what the fix says, one on another network's address, and the lab's own", () => {
    for (const address of ["127.0.0.1", "10.9.9.1", "192.168.76.1"]) {
      preflight.good(
        beside("--bind-interfaces", `--listen-address=${address}`, "--except-interface=none"),
        namespace,
      );
    }
  });

  it("names another program on the bridge's own address, or on IPv6's every address", () => {
    for (const [host, shown] of [
      ["192.168.76.1", "192\\.168\\.76\\.1"],
      ["::", "\\*"],
    ] as const) {
      const listen = `. "${LIB}/preflight-dns.sh"
        ip link set lo up
        ip addr add 192.168.76.1/24 dev lo
        coproc node -e 'require("node:net").createServer().listen(53, "${host}", () => console.log("up"))'
        server=$COPROC_PID
        read -r _ <&"\${COPROC[0]}"
        check_name_server 192.168.76.1 edgelab0
        kill "$server"`;
      preflight.bad(
        listen,
        new RegExp(`^node \\(process \\d+\\) listens on ${shown}:53 \\(tcp\\)`),
        /its own addresses only, or stop it/,
        namespace,
      );
    }
  });

  it("names a DHCP server on every address, unless it is a dnsmasq that shares the port", () => {
    const bound = beside("--bind-interfaces", "--listen-address=10.9.9.1", "--dhcp-range=10.9.9.5,10.9.9.9");
    preflight.good(bound, namespace);
    preflight.bad(
      `${bound}
      listeners() { [[ $1 != 67 ]] || echo udp 0.0.0.0 kea-dhcp4 7; }
      check_name_server 192.168.76.1 edgelab0`,
      /^kea-dhcp4 \(process 7\) listens on 0\.0\.0\.0:67 \(udp\)/,
      /stop it/,
      namespace,
    );
  });
});
