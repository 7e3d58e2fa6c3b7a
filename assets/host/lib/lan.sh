# shellcheck shell=bash
# The host's own network, for network.mode lan: what the uplink must be, and who answers on it. The checks add to
# preflight's PROBLEMS. Needs preflight.sh and networkmanager.sh.

# device_addresses DEVICE: its IPv4 addresses with their prefixes, one per line
device_addresses() { ip -4 -o addr show dev "$1" scope global 2>/dev/null | awk '{print $4}' | sort; }

# device_router DEVICE: the gateway of its default route; empty if none
device_router() { ip -4 route show default dev "$1" 2>/dev/null | sed -n 's/^default via \([0-9.]*\).*/\1/p' | head -n 1; }

# device_dns DEVICE: its name servers according to NetworkManager, one per line
device_dns() { nm_device "$1" IP4.DNS | tr -s '| ' '\n' | sed '/^$/d'; }

# network_of ADDRESS/PREFIX: the network it belongs to
network_of() {
  local number prefix=${1#*/}
  number=$(address_number "${1%/*}")
  number=$((number & (prefix == 0 ? 0 : (0xffffffff << (32 - prefix)) & 0xffffffff)))
  echo "$((number >> 24)).$((number >> 16 & 255)).$((number >> 8 & 255)).$((number & 255))/$prefix"
}

# address_in CIDR DEVICE: the device's own address in that network, without its prefix
address_in() {
  local address
  while read -r address; do
    [[ $(network_of "$address") != "$1" ]] || { echo "${address%/*}" && return 0; }
  done < <(device_addresses "$2")
  return 1
}

# neighbours DEVICE ADDRESS...: prints "ADDRESS MAC" for each that somebody answers for within 2 s. Any packet makes the
# kernel send an ARP request, which no firewall blocks, and this needs no extra program.
neighbours() {
  local device=$1 address end
  shift
  for address in "$@"; do
    ip -4 neigh flush to "$address" dev "$device" 2>/dev/null
    { printf x >"/dev/udp/$address/9"; } 2>/dev/null || continue
  done
  end=$((SECONDS + 2))
  until ((SECONDS > end)) || [[ -z $(unanswered "$device" "$@") ]]; do sleep 0.1; done
  for address in "$@"; do
    ip -4 neigh show to "$address" dev "$device" | awk '/lladdr/ && !/FAILED|PERMANENT/ {print $1, $3}'
  done
}

# unanswered DEVICE ADDRESS...: those for which the kernel has no neighbour yet
unanswered() {
  local address
  for address in "${@:2}"; do
    [[ $(ip -4 neigh show to "$address" dev "$1") == *lladdr* ]] || echo "$address"
  done
}

# check_uplink DEVICE BRIDGE CIDR: can it become a port of that bridge?
check_uplink() {
  local uplink=$1 bridge=$2 cidr=$3 state addresses interface=/sys/class/net/$1
  if ! nm_runs; then
    problem "network.mode is lan and NetworkManager does not run" "start it (systemctl start NetworkManager), or write network.mode: nat"
  elif [[ ! -e $interface ]]; then
    problem "network.uplink $uplink is no interface of this host" "name the one that has the LAN's address: $(uplink_candidates)"
  elif [[ -e $interface/wireless || -e $interface/phy80211 ]]; then
    problem "network.uplink $uplink is wireless, and an access point takes one MAC address from each of its clients" "name a wired interface, or write network.mode: nat"
  elif [[ -e $interface/bridge ]]; then
    problem "network.uplink $uplink is a bridge itself" "name the interface below it, or take that one out of it first"
  elif [[ -e $interface/master ]]; then
    problem "network.uplink $uplink is a port of $(basename "$(readlink "$interface/master")")" "take it out of that first, or name another interface"
  elif [[ $(nm_device "$uplink" GENERAL.TYPE) != ethernet ]]; then
    problem "network.uplink $uplink is of the type $(nm_device "$uplink" GENERAL.TYPE)" "name an Ethernet interface"
  else
    state=$(nm_device "$uplink" GENERAL.STATE)
    addresses=$(device_addresses "$uplink" | paste -sd' ')
    case $state in
      '10 '* | *externally*)
        problem "network.uplink $uplink is not NetworkManager's: $state" "let NetworkManager manage it (nmcli device set $uplink managed yes, and a profile with its addresses), or write network.mode: nat"
        ;;
      '100 '*) check_profile "$uplink" "$cidr" "$addresses" ;;
      *) problem "network.uplink $uplink is not connected: $state" "connect it: nmcli device connect $uplink" ;;
    esac
  fi
  [[ ! -e /sys/class/net/$bridge ]] ||
    problem "the host has an interface $bridge already" "remove it: nmcli device delete $bridge"
}

# check_profile UPLINK CIDR ADDRESSES
check_profile() {
  [[ -z $(LC_ALL=C nmcli -g 802-1x.eap connection show uuid "$(nm_device "$1" GENERAL.CON-UUID)" 2>/dev/null) ]] ||
    problem "network.uplink $1 logs in by 802.1X, which devices behind it cannot" "name another interface, or write network.mode: nat"
  address_in "$2" "$1" >/dev/null ||
    problem "network.cidr $2 is not the network of network.uplink $1, which has ${3:-no IPv4 address}" \
      "write that network's cidr${3:+: $(network_of "${3%% *}")}"
}

# uplink_candidates: the interfaces with an IPv4 address, for a message
uplink_candidates() { ip -4 -o addr show scope global up | awk '{print $2 " (" $4 ")"}' | sort -u | paste -sd, | sed 's/,/, /g'; }

# check_lan_addresses DEVICE MACS ADDRESS...: nobody else on the LAN has them; MACS are the lab's own, space-separated
check_lan_addresses() {
  local device=$1 own=" ${2,,} " address mac router
  shift 2
  router=$(device_router "$device")
  for address in "$@"; do
    [[ $address != "$router" ]] || problem "$address of the lab is the LAN's router" "take a free address of the LAN"
    ! device_addresses "$device" | grep -qF "$address/" || problem "$address of the lab is this host's own" "take a free address of the LAN"
  done
  while read -r address mac; do
    [[ $address == "$router" || $own == *" ${mac,,} "* ]] ||
      problem "$address of the lab is taken: $mac answers for it on $device" "take a free address of the LAN, outside of its DHCP server's range"
  done < <(neighbours "$device" "$@")
}

# check_bridged_traffic BRIDGE: traffic between its ports is not dropped as if it were routed, which is how a host
# with Docker silences bridged guests
check_bridged_traffic() {
  [[ $(cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null) == 1 ]] || return 0
  local rules
  rules=$(iptables -S FORWARD 2>/dev/null) || return 0
  [[ $rules == '-P FORWARD DROP'* && $rules != *"-A FORWARD -i $1 "*"-j ACCEPT"* ]] || return 0
  problem "this host's firewall drops what bridged guests send (policy DROP of FORWARD, and net.bridge.bridge-nf-call-iptables is 1)" \
    "sysctl net.bridge.bridge-nf-call-iptables=0, or iptables -I FORWARD -i $1 -o $1 -j ACCEPT"
}
