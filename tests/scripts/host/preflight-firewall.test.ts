import { join } from "node:path";

import { Preflight } from "../../support/preflight";
import { needs } from "../support/sandbox";

const LIB = join(process.cwd(), "assets/host/lib");

/** Commands for one rule set of each kind that hosts have. */
const NFT_DROP = `nft -f - <<'END'
table inet f {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
    tcp dport 22 accept
  }
}
END`;
/** ufw's own chains, as far as they matter (ufw 0.36, src/ufw-init and user.rules). */
const UFW = `iptables -P INPUT DROP
iptables -N ufw-before-input; iptables -N ufw-user-input; iptables -N ufw-reject-input
iptables -A INPUT -j ufw-before-input
iptables -A INPUT -j ufw-reject-input
iptables -A ufw-before-input -i lo -j ACCEPT
iptables -A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A ufw-before-input -p udp --sport 67 --dport 68 -j ACCEPT
iptables -A ufw-before-input -j ufw-user-input
iptables -A ufw-user-input -p tcp --dport 22 -j ACCEPT`;

describe("preflight: the host's firewall", function () {
  this.timeout("60s");
  let preflight: Preflight;
  before(function () {
    needs(this, "nft", "iptables", "unshare", "nsenter");
  });
  beforeEach(() => {
    preflight = new Preflight();
    preflight.standIn("virsh", "echo 9.0.0");
    preflight.standIn("firewall-cmd", "exit 252");
  });
  afterEach(() => preflight.remove());

  const options = { namespace: true, env: { EDGE_BUILDER: "debian" } };
  /** Sets rules up in a namespace that is the host's, then checks. */
  const host = (...rules: string[]): string => `
    . "${LIB}/preflight-firewall.sh"
    ip link set lo up
    ${rules.join("\n")}
    check_firewall 192.168.76.1 192.168.76.0/24 edgelab0 5000 8000`;
  const open = (...rules: string[]): void => preflight.good(host(...rules), options);
  const closed = (what: RegExp, fix: RegExp, ...rules: string[]): void =>
    preflight.bad(host(...rules), what, fix, options);

  it("takes a host without rules, with rules for others, and with an open policy", () => {
    open();
    open("iptables -A FORWARD -j DROP");
    open("iptables -A INPUT -i eth9 -j DROP");
    open(
      "nft add table inet f",
      "nft add chain inet f i '{ type filter hook input priority 0; policy accept; }'",
    );
  });

  it("names what a policy of iptables keeps out, where libvirt lets in DHCP and DNS", () => {
    closed(
      /keeps out what devices send to edgelab0: tcp:5000 tcp:8000 \(registry or content server\)$/,
      /^iptables -I INPUT -i edgelab0 -j ACCEPT/,
      "iptables -P INPUT DROP",
    );
  });

  it("takes it once the command that it names has run", () => {
    open("iptables -P INPUT DROP", "iptables -I INPUT -i edgelab0 -j ACCEPT");
    open(NFT_DROP, "nft insert rule inet f input iifname edgelab0 accept");
    open(UFW, "iptables -A ufw-user-input -i edgelab0 -j ACCEPT");
  });

  it("names ufw's own command", () => {
    closed(/tcp:5000 tcp:8000/, /^ufw allow in on edgelab0$/, UFW);
  });

  it("knows that an accept of libvirt's does not overrule another table", () => {
    closed(
      /udp:67 udp:53 tcp:53 tcp:5000 tcp:8000 \(DHCP, DNS, registry or content server\)/,
      /^nft insert rule inet f input iifname edgelab0 accept/,
      NFT_DROP,
    );
  });

  it("knows that libvirt adds no rules for DHCP and DNS from 10.4 on", () => {
    preflight.standIn("virsh", "echo 11.3.0");
    closed(/udp:67 udp:53 tcp:53 tcp:5000 tcp:8000/, /^iptables -I INPUT/, "iptables -P INPUT DROP");
  });

  it("follows jumps, sets and ranges, and knows that a device asks for its lease without an address", () => {
    open(
      `nft -f - <<'END'
table ip f {
  set ports { type inet_service; elements = { 53, 67 }; }
  chain lab { tcp dport 4999-8001 accept; meta l4proto { tcp, udp } th dport @ports accept; }
  chain input { type filter hook input priority 0; policy drop; iifname "edgelab*" jump lab; }
}
END`,
    );
    closed(
      /edgelab0: udp:67 tcp:8000 \(DHCP, registry or content server\)/,
      /insert rule inet f input .*; nft insert rule inet f late /,
      NFT_DROP,
      "nft add rule inet f input ip saddr 192.168.76.0/24 accept",
      "nft add chain inet f late '{ type filter hook input priority 300; }'",
      "nft add rule inet f late tcp dport 8000 reject with tcp reset",
    );
  });

  it("copies rules that name interfaces and matches of iptables", () => {
    closed(
      /tcp:5000 tcp:8000/,
      /iptables -I INPUT/,
      "ip link add plug0 type bridge",
      "nft add table inet f; nft add chain inet f i '{ type filter hook input priority 1; }'",
      "nft add rule inet f i iif plug0 drop",
      "iptables -A INPUT -m comment --comment 'a b' -m addrtype --dst-type LOCAL -j REJECT",
    );
  });

  it("leaves no namespace, process or folder behind", () => {
    const left = `${host("iptables -P INPUT DROP")}
      PROBLEMS=()
      [[ ! -e /sys/class/net/edgelab0 ]] || problem "a bridge is left" "remove it"
      [[ $(nft list ruleset) != *edge_trial* ]] || problem "a table is left" "remove it"
      [[ -z $(ls "$TMPDIR") ]] || problem "a folder is left" "remove it"
      [[ -z $(jobs -r) ]] || problem "a process is left" "end it"`;
    preflight.program("tmp/.keep", "");
    preflight.good(left, { ...options, env: { ...options.env, TMPDIR: join(preflight.path, "tmp") } });
  });

  it("asks firewalld, which has a zone for libvirt's bridges", () => {
    preflight.standIn("firewall-cmd", '[[ "$*" == *--state ]]');
    closed(/firewalld's zone libvirt/, /--add-port=5000\/tcp --add-port=8000\/tcp && firewall-cmd --reload/);
    preflight.standIn("firewall-cmd", "exit 0");
    open();
  });
});
