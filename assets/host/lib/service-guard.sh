# shellcheck shell=bash
# Keeps a service to the lab's own network. It listens on the host's address there, but the kernel takes packets for that
# address from any interface: a neighbour on another network needs no more than a route. The launcher sets the rule
# before the program starts, so it is there whenever the port is open, also after the host has restarted.
# Needs owner.sh, drift.sh.

guard_table() { echo "edge-lab-$(owner_id)-$1"; }

# guard_lines PORT ADDRESS INTERFACE: the rules, as nft lists them
guard_lines() {
  printf '%s\n' "ip daddr $2 tcp dport $1 iifname \"$3\" accept" "ip daddr $2 tcp dport $1 iifname != \"lo\" drop"
}

# guard_interface ADDRESS: the interface that has it
guard_interface() {
  local line
  line=$(ip -o -4 addr show to "$1/32") || return
  [[ $line =~ ^[0-9]+:\ +([^ ]+)\  ]] || return
  echo "${BASH_REMATCH[1]}"
}

# guard_set TABLE ADDRESS PORT: replaces the table at once. Before other firewalls, which may open the port to all; what
# they refuse stays refused.
guard_set() {
  local interface
  interface=$(guard_interface "$2") || {
    echo "error: no interface has the address $2" >&2
    return 1
  }
  nft -f - <<NFT
table inet $1
delete table inet $1
table inet $1 {
  chain input {
    type filter hook input priority filter - 10; policy accept;
    $(guard_lines "$3" "$2" "$interface")
  }
}
NFT
}

# guard_launcher NAME: lines of its launcher. SERVICE_GUARD: address and port.
guard_launcher() {
  [[ -n ${SERVICE_GUARD:-} ]] || return 0
  declare -f guard_lines guard_interface guard_set
  echo "guard_set $(guard_table "$1") $SERVICE_GUARD"
}

# guard_apply NAME: sets the rule of a service that runs, if somebody removed it
guard_apply() {
  local address port
  [[ -n ${SERVICE_GUARD:-} ]] || return 0
  read -r address port <<<"$SERVICE_GUARD"
  guard_there "$1" "$address" "$port" || guard_set "$(guard_table "$1")" "$address" "$port"
}

# guard_there NAME ADDRESS PORT
guard_there() {
  local interface rules line
  interface=$(guard_interface "$2") && rules=$(nft list table inet "$(guard_table "$1")" 2>/dev/null) || return
  while read -r line; do [[ $rules == *"$line"* ]] || return; done < <(guard_lines "$3" "$2" "$interface")
}

guard_drift() {
  tools nft ip || return 0
  guard_there "$@" || drift "the firewall rule of the service $1 is gone or was changed: other networks than the lab's reach its port"
}

guard_remove() {
  local table
  table=$(guard_table "$1")
  ! nft list table inet "$table" >/dev/null 2>&1 || nft delete table inet "$table"
}
