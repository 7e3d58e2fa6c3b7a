import assert from "node:assert/strict";

import { skipBecause } from "../../support/skip";
import { LibvirtHost } from "../support/libvirtHost";

/** A lab's network and pool in a real libvirtd, and what edge-host.sh has to tell and to mend them. */
const MAKE = `
export EDGE_STATE_DIR="$PWD/it's a state" EDGE_BUILDER=debian EDGE_NETWORK=lab EDGE_BRIDGE=edgelab9
export EDGE_GATEWAY=192.168.79.1 EDGE_CIDR=192.168.79.0/24 EDGE_DEVICE=d1 EDGE_ADDRESS=192.168.79.11
export EDGE_MAC=52:54:00:A8:4F:0B
mkdir -p "$EDGE_STATE_DIR"
for part in paths log wait result drift owner libvirtd libvirt-active nat; do . assets/host/lib/$part.sh; done
make() { # GATEWAY
  cat >net.xml <<XML
<network><name>lab</name><forward mode="nat"/><bridge name="edgelab9"/><domain name="edge.lab"/>
<ip family="ipv4" address="$1" prefix="24"><dhcp><range start="\${1%.*}.2" end="\${1%.*}.99"/></dhcp></ip></network>
XML
  v net-define net.xml >/dev/null
  v net-start lab >/dev/null
}
make 192.168.79.1
v pool-define-as lab dir --target "$EDGE_STATE_DIR/pool" >/dev/null
v pool-build lab >/dev/null
v pool-start lab >/dev/null
libvirt() { EDGE_NETWORKS=lab assets/host/libvirt-status.sh status | jq -c '[.networks.lab, .pools.lab]'; }
host() { DRIFT=(); nat_drift; (IFS=';'; echo "\${DRIFT[*]}"); }
enrolled() { assets/host/enrol.sh status | jq -r '.drift | join(";")'; }
tell() { echo "$(libvirt)|$(host)"; }
mend() { start_inactive lab; nat_mend; }
`;

const ALL = "[true,true]";
const rows: Record<string, readonly [breakIt: string, found: RegExp]> = {
  "its bridge is deleted": ["ip link del edgelab9", /^\[false,true\]\|$/],
  "its bridge is down": ["ip link set edgelab9 down", /^\[true,true\]\|the bridge edgelab9 is down$/],
  "the bridge's address is removed": [
    "ip addr flush dev edgelab9",
    /^\[true,true\]\|the bridge edgelab9 does not have the address 192\.168\.79\.1$/,
  ],
  "its DHCP server is killed": [
    'kill -9 "$(cat /run/libvirt/network/lab.pid)"; wait_until 5 has_ended "$(cat /run/libvirt/network/lab.pid)"',
    /^\[true,true\]\|the DHCP server of the network lab does not run$/,
  ],
  "it is stopped": ["v net-destroy lab >/dev/null", /^\[false,true\]\|$/],
  "the pool's folder is removed": ['rm -r "$EDGE_STATE_DIR/pool"', /^\[true,false\]\|$/],
  "the pool is stopped": ["v pool-destroy lab >/dev/null", /^\[true,false\]\|$/],
  "forwarding is put back": [
    "echo 0 >/proc/sys/net/ipv4/ip_forward",
    /^\[true,true\]\|.*forwards no packets/,
  ],
  "the table nat is flushed": [
    "iptables -t nat -F",
    /firewall rules of the network 192\.168\.79\.0\/24 are gone/,
  ],
  "a jump to libvirt's rules is removed": ["iptables -D FORWARD -j LIBVIRT_FWO", /firewall rules/],
  "one of libvirt's chains is emptied": ["iptables -F LIBVIRT_FWI", /firewall rules/],
  "one rule of DNS is removed": [
    "iptables -D LIBVIRT_INP -i edgelab9 -p udp -m udp --dport 53 -j ACCEPT",
    /firewall rules/,
  ],
  "the rule that masks TCP is removed": [
    "iptables -t nat -D LIBVIRT_PRT -s 192.168.79.0/24 ! -d 192.168.79.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535",
    /firewall rules/,
  ],
  "the rule that lets devices out is removed": [
    "iptables -D LIBVIRT_FWO -s 192.168.79.0/24 -i edgelab9 -j ACCEPT",
    /firewall rules/,
  ],
  "all rules are flushed": ["nft flush ruleset", /firewall rules/],
};

describe("drift of the network and pool, with a real libvirtd", function () {
  this.timeout("240s");
  let host: LibvirtHost;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "namespaces and libvirtd need root");
  });
  beforeEach(() => {
    host = new LibvirtHost();
  });
  afterEach(() => host.remove());
  const run = (script: string): string[] => host.ok(`${MAKE}${script}`).trimEnd().split("\n");

  // One libvirtd for all: its start takes longer than all rows.
  it("each loss is named, and mended so that nothing is left of it", () => {
    const script = Object.values(rows).map(
      ([breakIt]) => `${breakIt}\necho "broken $(tell)"\nmend\necho "mended $(tell)"`,
    );
    const lines = run(`echo "first $(tell)"\n${script.join("\n")}`);
    assert.equal(lines.shift(), `first ${ALL}|`);
    for (const [what, [, found]] of Object.entries(rows)) {
      const broken = (lines.shift() ?? "").replace("broken ", "");
      assert.match(broken, found, what);
      assert.equal(lines.shift(), `mended ${ALL}|`, what);
    }
    assert.deepEqual(lines, []);
  });

  it("of a network that the same run makes anew for another network.cidr nothing is mended", () => {
    const lines = run(`export EDGE_CIDR=192.168.78.0/24 EDGE_GATEWAY=192.168.78.1
      mend
      ip -o -4 addr show dev edgelab9 | grep -o 'inet [^ ]*'`);
    assert.deepEqual(lines, ["inet 192.168.79.1/24"]);
  });

  it("libvirt's table of its own counts as well", () => {
    const lines = run(`nft flush ruleset
      nft "add table ip libvirt_network; add chain ip libvirt_network x; add rule ip libvirt_network x ip saddr $EDGE_CIDR counter masquerade"
      tell`);
    assert.deepEqual(lines, [`${ALL}|`]);
  });

  it("an interface that is not in the bridge is a device's own, and plugged in again", () => {
    // A tap as libvirt makes it: the device's MAC address with the first byte fe.
    const lines = run(`ip link add vnet9 address fe:54:00:a8:4f:0b type veth peer name peer9
      ip link set peer9 up
      ip link set vnet9 up
      mkdir "$EDGE_STATE_DIR/console"
      lease="<host mac='$EDGE_MAC' name='d1' ip='$EDGE_ADDRESS'/>"
      v net-update lab add-last ip-dhcp-host "$lease" --live --config >/dev/null
      : >"$EDGE_STATE_DIR/console/d1.enrolled"
      mkdir bin
      printf '#!/bin/bash\\n[[ "$*" != *domiflist* ]] || { cat interfaces; exit; }\\nexec /usr/bin/virsh "$@"\\n' >bin/virsh
      chmod +x bin/virsh
      PATH=$PWD/bin:$PATH
      : >interfaces
      enrolled
      assets/host/enrol.sh apply >/dev/null 2>&1
      echo "another's: $(enrolled)"
      echo " vnet9      bridge   edgelab9   virtio   $EDGE_MAC" >interfaces
      assets/host/enrol.sh apply >/dev/null 2>&1
      echo "now: $(enrolled)"
      ls /sys/class/net/edgelab9/brif`);
    const says = "its interface vnet9 is not in the bridge edgelab9";
    assert.deepEqual(lines, [says, `another's: ${says}`, "now: ", "vnet9"]);
  });
});
