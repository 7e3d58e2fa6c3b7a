#!/usr/bin/env bash
# Prepares for one device before its domain exists: its fixed address, a fresh console log, and the time from
# which its reports count (an older machine of the same name is another machine).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
: "${EDGE_DEVICE:?device name}"
# EDGE_NETWORK is empty if the LAN's own DHCP server assigns the addresses.
NETWORK=${EDGE_NETWORK-}
CONSOLE=$STATE_DIR/console/$EDGE_DEVICE.log
MARK=$STATE_DIR/console/$EDGE_DEVICE.enrolled
DEFINITION=$STATE_DIR/console/$EDGE_DEVICE.definition

net_update() { virsh -q -c "$EDGE_LIBVIRT_URI" net-update "$NETWORK" "$1" ip-dhcp-host "$2" --live --config >/dev/null; }

# leases PATTERN: the network's fixed leases whose XML matches
leases() { virsh -q -c "$EDGE_LIBVIRT_URI" net-dumpxml "$NETWORK" 2>/dev/null | grep -oE '<host [^>]*mac=[^>]*/>' | grep -iF "$1"; }

release_address() {
  local lease
  while read -r lease; do net_update delete "$lease"; done < <(leases "$1")
}

# lease_there: does the network's XML (stdin) have this device's lease, and no other with its MAC or address?
lease_there() {
  local lease right=0 all=0
  while read -r lease; do
    [[ ${lease,,} == *" mac='${EDGE_MAC,,}'"* || $lease == *" ip='$EDGE_ADDRESS'"* ]] || continue
    ((all += 1))
    [[ ${lease,,} != *" mac='${EDGE_MAC,,}'"* || $lease != *" ip='$EDGE_ADDRESS'"* || $lease != *" name='$EDGE_DEVICE'"* ]] ||
      right=1
  done < <(grep -oE '<host [^>]*mac=[^>]*/>')
  ((right == 1 && all == 1))
}

network_xml() { timeout "${1:-60}" virsh -q -c "$EDGE_LIBVIRT_URI" net-dumpxml "$NETWORK" 2>/dev/null; }

# Does a machine with this name exist? Then this is a repair, which keeps its log and reports.
machine_there() {
  [[ -n ${EDGE_LIBVIRT_URI:-} && -n $(timeout 60 virsh -q -c "$EDGE_LIBVIRT_URI" domstate "$EDGE_DEVICE" 2>/dev/null) ]]
}

# plug_in: a recreated bridge lacks the interfaces of running devices
plug_in() {
  local bridge interface
  machine_there || return 0
  bridge=$(network_xml | sed -n "s/^ *<bridge name='\([^']*\)'.*/\1/p")
  interface=$(virsh -q -c "$EDGE_LIBVIRT_URI" domiflist "$EDGE_DEVICE" 2>/dev/null |
    awk -v mac="${EDGE_MAC,,}" 'tolower($5) == mac && $1 != "-" { print $1 }')
  [[ -n $bridge && -e /sys/class/net/$interface && ! -e /sys/class/net/$bridge/brif/$interface ]] || return 0
  say enrol "$EDGE_DEVICE is plugged into $bridge again"
  ip link set dev "$interface" master "$bridge" up
}

# enrol_machine: removes what an older machine with that name left
enrol_machine() {
  if machine_there; then
    [[ ! -e $MARK ]] || return 0
  else
    rm -f "$CONSOLE" "$CONSOLE".[0-9]* "$DEFINITION"
  fi
  : >"$MARK"
  # The machine that had this address before had another host key.
  forget_host_key
}

forget_host_key() {
  local file=$STATE_DIR/ssh/known_hosts
  if [[ -n ${EDGE_ADDRESS:-} ]] && ssh-keygen -F "$EDGE_ADDRESS" -f "$file" >/dev/null 2>&1; then
    ssh-keygen -q -f "$file" -R "$EDGE_ADDRESS" >/dev/null
    rm -f "$file.old"
  fi
}

apply() {
  : "${EDGE_ADDRESS:?}"
  if [[ -n $NETWORK ]]; then
    : "${EDGE_MAC:?}" "${EDGE_LIBVIRT_URI:?}"
  fi
  # Do not remove a correct lease, even briefly.
  if [[ -n $NETWORK ]] && ! lease_there < <(network_xml); then
    release_address "mac='$EDGE_MAC'"
    release_address "ip='$EDGE_ADDRESS'"
    net_update add-last "<host mac='$EDGE_MAC' name='$EDGE_DEVICE' ip='$EDGE_ADDRESS'/>"
  fi
  [[ -z $NETWORK ]] || plug_in
  mkdir -p "$STATE_DIR/console"
  enrol_machine
  result --arg console "$CONSOLE"
}

destroy() {
  [[ -z $NETWORK ]] || release_address "mac='${EDGE_MAC:?}'"
  rm -f "$CONSOLE" "$CONSOLE".[0-9]* "$MARK" "$DEFINITION"
  forget_host_key
}

status() {
  local bytes xml
  [[ -d ${CONSOLE%/*} ]] || drift "the folder of the console logs is gone"
  [[ ! -d ${CONSOLE%/*} || -e $MARK ]] || drift "it is not enrolled: its mark is gone"
  # A missing network is the network's own drift.
  if [[ -n $NETWORK && -n ${EDGE_LIBVIRT_URI:-} ]] && xml=$(network_xml 2) && [[ $xml == *'<network'* ]]; then
    lease_there <<<"$xml" || drift "its fixed lease of ${EDGE_ADDRESS:-no address} is not in the network $NETWORK"
  fi
  bytes=$(stat -c %s "$CONSOLE" 2>/dev/null) || bytes=0
  status_result bytes "$bytes"
}

run_verb "$@"
