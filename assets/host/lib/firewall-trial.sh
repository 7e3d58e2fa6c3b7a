#!/usr/bin/env bash
# firewall-trial.sh GATEWAY CIDR BRIDGE PORT...: which packets from a device does this host's firewall keep from GATEWAY?
# Prints PROTOCOL:PORT of each, one a line. Status 1, with the reason, if the rules cannot be copied.
# A copy of the rules runs in a network namespace with a bridge of that name, and a second namespace is the device; the
# host's own rules and interfaces are only read. EDGE_TRIAL_LIBVIRT=yes: with the rules that libvirt will add.
set -euo pipefail

# links: names of the interfaces. Not from /sys, which shows the namespace that mounted it.
links() { ip -o link show | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }'; }

# copy_rules DIR: the host's rules, a file for each table of nftables, and iptables' own
copy_rules() {
  local family table
  while read -r _ family table; do
    [[ $family != arp && $family != netdev ]] || continue
    nft list table "$family" "$table" >"$1/$family.$table.nft" 2>/dev/null
  done < <(nft list tables 2>/dev/null)
  iptables-save >"$1/iptables" 2>/dev/null || :
  # Rules of the older kernel interface, which nft does not show.
  iptables-legacy-save >"$1/legacy" 2>/dev/null || :
  links >"$1/links"
}

# load_rules DIR BRIDGE: into this namespace
load_rules() {
  local link file table loaded
  while read -r link; do
    # Rules may name interfaces that must exist.
    [[ $link == lo || $link == "$2" ]] || ip link add name "$link" type bridge 2>/dev/null || :
  done <"$1/links"
  for file in "$1"/*.nft; do
    [[ -e $file ]] || continue
    nft -f "$file" 2>"$1/error" && continue
    # A table of iptables whose matches nft cannot write.
    table=${file##*/}
    loaded=no
    if [[ $table == ip.* ]]; then
      table=${table#ip.}
      table=${table%.nft}
      sed -n "/^\*$table\$/,/^COMMIT/p" "$1/iptables" >"$1/table"
      [[ ! -s $1/table ]] || ! iptables-restore --noflush "$1/table" 2>>"$1/error" || loaded=yes
    fi
    [[ $loaded == yes ]] || { printf 'the table %s cannot be copied: %s\n' "${file##*/}" "$(head -n 1 "$1/error")" && return 1; }
  done
  if [[ -s $1/legacy ]]; then iptables-legacy-restore --noflush "$1/legacy" 2>"$1/error" || { cat "$1/error" && return 1; }; fi
}

# libvirt_rules BRIDGE: as libvirt adds them before all others (src/network/network_iptables.c)
libvirt_rules() {
  local rule
  for rule in 'udp --dport 67' 'udp --dport 53' 'tcp --dport 53'; do
    # shellcheck disable=SC2086 # options
    iptables -I INPUT -i "$1" -p $rule -j ACCEPT
  done
}

# in_namespace: the trial itself
in_namespace() {
  local dir=$1 gateway=$2 cidr=$3 bridge=$4 device=$5 port packet
  local -a packets=(udp:67 udp:53 tcp:53)
  shift 5
  for port in "$@"; do packets+=("tcp:$port"); done
  ip link set lo up
  ip link add name "$bridge" type bridge forward_delay 0
  ip link add trial0 type veth peer name eth0 netns "$device"
  ip link set trial0 master "$bridge" up
  ip addr add "$gateway/${cidr#*/}" dev "$bridge"
  ip link set "$bridge" up
  for port in all "$bridge"; do echo 0 >"/proc/sys/net/ipv4/conf/$port/rp_filter"; done
  load_rules "$dir" "$bridge"
  [[ $EDGE_TRIAL_LIBVIRT != yes ]] || ! command -v iptables >/dev/null || libvirt_rules "$bridge"
  # After every chain that could drop: whatever arrives here was let in.
  {
    printf '%s\n' 'table inet edge_trial {' 'chain arrived {' 'type filter hook input priority 2147483647;'
    for packet in "${packets[@]}"; do
      printf 'iifname "%s" %s dport %s counter comment "%s"\n' "$bridge" "${packet%:*}" "${packet#*:}" "$packet"
    done
    printf '}\n}\n'
  } | nft -f -
  local -a enter=(nsenter --net="/proc/$device/ns/net")
  "${enter[@]}" ip link set eth0 up
  # A device that asks for a lease has no address of the network.
  "${enter[@]}" ip addr add 169.254.7.7/32 dev eth0
  "${enter[@]}" ip route add "$gateway" dev eth0 src 169.254.7.7
  ip route add 169.254.7.7 dev "$bridge"
  "${enter[@]}" "$BASH" -c "until echo x >/dev/udp/$gateway/67; do sleep 0.05; done" 2>/dev/null
  wait_for_packet udp:67
  "${enter[@]}" ip route del "$gateway"
  "${enter[@]}" ip addr add "$EDGE_TRIAL_ADDRESS/${cidr#*/}" dev eth0
  for packet in "${packets[@]:1}"; do
    "${enter[@]}" timeout 1 "$BASH" -c "echo x >/dev/${packet%:*}/$gateway/${packet#*:}" 2>/dev/null &
  done
  wait
  for packet in "${packets[@]}"; do arrived "$packet" || echo "$packet"; done
}

arrived() { nft list table inet edge_trial | grep "comment \"$1\"" | grep -qv 'packets 0 '; }

wait_for_packet() {
  for _ in {1..10}; do
    ! arrived "$1" || return 0
    sleep 0.1
  done
}

# address_beside GATEWAY: another one of its network
address_beside() {
  local last=${1##*.}
  echo "${1%.*}.$((last == 2 ? 3 : 2))"
}

main() {
  local dir status=0 device
  if [[ $1 == inside ]]; then
    shift
    in_namespace "$@"
    return
  fi
  dir=$(mktemp -d)
  copy_rules "$dir"
  EDGE_TRIAL_ADDRESS=$(address_beside "$1")
  export EDGE_TRIAL_ADDRESS EDGE_TRIAL_LIBVIRT=${EDGE_TRIAL_LIBVIRT:-no}
  # The device's namespace lasts as long as this process reads from it.
  coproc unshare --net "$BASH" -c 'echo up; read -r _'
  device=$COPROC_PID
  read -r _ <&"${COPROC[0]}"
  unshare --net "$BASH" "$0" inside "$dir" "$1" "$2" "$3" "$device" "${@:4}" 2>"$dir/failed" || status=1
  ((status == 0)) || tail -n 1 "$dir/failed"
  kill "$device"
  rm -rf "$dir"
  return "$status"
}

main "$@"
