# shellcheck shell=bash
# The network behind the host (mode nat): what of it libvirt made in the kernel, and its DHCP server. Other programs may
# remove either while libvirt still calls the network active. Needs drift.sh, log.sh, wait.sh, libvirtd.sh; the EDGE_
# variables of edge-host.sh.

bridge_there() { [[ -z ${EDGE_UPLINK:-} && -n ${EDGE_BRIDGE:-} && -d /sys/class/net/$EDGE_BRIDGE ]]; }

# bridge_up: IFF_UP, the lowest bit of its flags
bridge_up() { (($(</sys/class/net/"$EDGE_BRIDGE"/flags) & 1)); }

bridge_address() { [[ "$(ip -o -4 addr show dev "$EDGE_BRIDGE" 2>/dev/null) " == *" inet $EDGE_GATEWAY/"* ]]; }

# ports_forward: a bridge that comes up listens and learns (states 1 and 2) for some seconds before its ports forward
ports_forward() {
  local state
  for state in /sys/class/net/"$EDGE_BRIDGE"/brif/*/state; do
    [[ ! -e $state || $(<"$state") != [12] ]] || return 1
  done
}

forwards() { [[ $(</proc/sys/net/ipv4/ip_forward) == 1 ]]; }

# nat_rules: are libvirt's rules for the lab's network set? In iptables, or from libvirt 10.4 on in its own nft table.
nat_rules() {
  local rules rule
  rules=$(nft list table ip libvirt_network 2>/dev/null) || rules=''
  ! grep -qF masquerade < <(grep -F " $EDGE_CIDR " <<<"$rules") || return 0
  rules=$(iptables-save 2>/dev/null) || return 1
  for rule in \
    '-A POSTROUTING -j LIBVIRT_PRT' '-A INPUT -j LIBVIRT_INP' '-A OUTPUT -j LIBVIRT_OUT' \
    '-A FORWARD -j LIBVIRT_FWX' '-A FORWARD -j LIBVIRT_FWI' '-A FORWARD -j LIBVIRT_FWO' \
    "-A LIBVIRT_INP -i $EDGE_BRIDGE -p udp -m udp --dport 53 -j ACCEPT" \
    "-A LIBVIRT_INP -i $EDGE_BRIDGE -p tcp -m tcp --dport 53 -j ACCEPT" \
    "-A LIBVIRT_INP -i $EDGE_BRIDGE -p udp -m udp --dport 67 -j ACCEPT" \
    "-A LIBVIRT_OUT -o $EDGE_BRIDGE -p udp -m udp --dport 68 -j ACCEPT" \
    "-A LIBVIRT_FWO -s $EDGE_CIDR -i $EDGE_BRIDGE -j ACCEPT" "-A LIBVIRT_FWO -i $EDGE_BRIDGE -j REJECT" \
    "-A LIBVIRT_FWI -d $EDGE_CIDR -o $EDGE_BRIDGE " "-A LIBVIRT_FWI -o $EDGE_BRIDGE -j REJECT" \
    "-A LIBVIRT_FWX -i $EDGE_BRIDGE -o $EDGE_BRIDGE -j ACCEPT" \
    "-A LIBVIRT_PRT -s $EDGE_CIDR ! -d $EDGE_CIDR -p tcp -j MASQUERADE --to-ports 1024-65535" \
    "-A LIBVIRT_PRT -s $EDGE_CIDR ! -d $EDGE_CIDR -p udp -j MASQUERADE --to-ports 1024-65535" \
    "-A LIBVIRT_PRT -s $EDGE_CIDR ! -d $EDGE_CIDR -j MASQUERADE"; do
    [[ $rules == *"$rule"* ]] || return 1
  done
}

# dhcp_runs: libvirt keeps the process id of its dnsmasq
dhcp_runs() { pid_in "/run/libvirt/network/$EDGE_NETWORK.pid" dnsmasq >/dev/null; }

nat_drift() {
  bridge_there || return 0
  bridge_up || drift "the bridge $EDGE_BRIDGE is down"
  ! tools ip || bridge_address || drift "the bridge $EDGE_BRIDGE does not have the address $EDGE_GATEWAY"
  forwards || drift "the host forwards no packets (net.ipv4.ip_forward is 0): devices do not reach the outside"
  ! tools iptables-save || nat_rules || drift "firewall rules of the network $EDGE_CIDR are gone"
  dhcp_runs || drift "the DHCP server of the network $EDGE_NETWORK does not run"
}

# current: is the bridge that of the network as the stack declares it, and not one that will be replaced?
current() { virsh -q -c "$EDGE_LIBVIRT_URI" net-dumpxml "$EDGE_NETWORK" 2>/dev/null | grep "^ *<ip .*address='$EDGE_GATEWAY' " >/dev/null; }

libvirt_parts() { nat_rules && dhcp_runs; }

# nat_mend: libvirt sets its rules again on reload, and starts its DHCP server, but creates the rules' chains only once
# per process (networkPreReloadFirewallRules, virOnce), so that may take a restart
nat_mend() {
  bridge_there && current || return 0
  if ! bridge_up || ! bridge_address; then
    say host "the bridge $EDGE_BRIDGE was down or without its address: has both again"
    ip link set dev "$EDGE_BRIDGE" up
    bridge_address || ip addr add "$EDGE_GATEWAY/${EDGE_CIDR#*/}" brd + dev "$EDGE_BRIDGE"
    wait_until 40 ports_forward || die "the ports of $EDGE_BRIDGE do not forward 40 s after it came up; see bridge link"
  fi
  forwards || {
    say host "forwarding of packets was off: on again"
    echo 1 >/proc/sys/net/ipv4/ip_forward
  }
  libvirt_parts && return 0
  nat_rules || say host "firewall rules of $EDGE_CIDR are gone: libvirt sets them anew"
  dhcp_runs || say host "the DHCP server of $EDGE_NETWORK does not run: libvirt starts it"
  libvirtd_reload
  wait_until 5 libvirt_parts && return 0
  libvirtd_restart
  wait_until 20 nat_rules || die "libvirt does not set the firewall rules of $EDGE_CIDR; see iptables-save"
  wait_until 20 dhcp_runs || die "libvirt does not start the DHCP server of $EDGE_NETWORK; see $STATE_DIR/log/libvirtd.log"
}
