#!/usr/bin/env bash
# Prepares for one device before its domain exists: its fixed address, a fresh console log, and the time from
# which its reports count (an older machine of the same name is another machine).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/owner.sh
. assets/host/lib/owner.sh
# shellcheck source=assets/host/lib/machine.sh
. assets/host/lib/machine.sh
: "${EDGE_DEVICE:?device name}"
# EDGE_NETWORK is empty if the LAN's own DHCP server assigns the addresses.
NETWORK=${EDGE_NETWORK-}
CONSOLE=$STATE_DIR/console/$EDGE_DEVICE.log
MARK=$STATE_DIR/console/$EDGE_DEVICE.enrolled
DEFINITION=$STATE_DIR/console/$EDGE_DEVICE.definition

net_update() { virsh -q -c "$EDGE_LIBVIRT_URI" net-update "$NETWORK" "$1" ip-dhcp-host "$2" --live --config >/dev/null; }

# leases PATTERN: the network's fixed leases whose XML matches
leases() { virsh -q -c "$EDGE_LIBVIRT_URI" net-dumpxml "$NETWORK" 2>/dev/null | grep -oE '<host [^>]*mac=[^>]*/>' | grep -iF "$1"; }

# release_address PATTERN: removes the leases that match
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
  if [[ -n ${EDGE_LIBVIRT_URI:-} ]]; then
    remove_other_machine
    switch_off_former
  fi
  # Do not remove a correct lease, even briefly.
  if [[ -n $NETWORK ]] && ! lease_there < <(network_xml); then
    release_address "mac='$EDGE_MAC'"
    release_address "ip='$EDGE_ADDRESS'"
    net_update add-last "<host mac='$EDGE_MAC' name='$EDGE_DEVICE' ip='$EDGE_ADDRESS'/>"
  fi
  plug_in
  mkdir -p "$STATE_DIR/console"
  enrol_machine
  result --arg console "$CONSOLE"
}

# another_has_address: did the stack give this device's address to another one, which is enrolled already?
another_has_address() { [[ -n $NETWORK && -n ${EDGE_ADDRESS:-} && -n $(leases "ip='$EDGE_ADDRESS'") ]]; }

destroy() {
  [[ -z $NETWORK ]] || release_address "name='$EDGE_DEVICE'"
  rm -f "$CONSOLE" "$CONSOLE".[0-9]* "$MARK" "$DEFINITION"
  another_has_address || forget_host_key
}

status() {
  local bytes xml interface
  [[ -d ${CONSOLE%/*} ]] || drift "the folder of the console logs is gone"
  [[ ! -d ${CONSOLE%/*} || -e $MARK ]] || drift "it is not enrolled: its mark is gone"
  # A missing network is the network's own drift.
  if [[ -n $NETWORK && -n ${EDGE_LIBVIRT_URI:-} ]] && xml=$(network_xml 2) && [[ $xml == *'<network'* ]]; then
    lease_there <<<"$xml" || drift "its fixed lease of ${EDGE_ADDRESS:-no address} is not in the network $NETWORK"
  fi
  ! interface=$(unplugged) || drift "its interface $interface is not in the bridge $EDGE_BRIDGE"
  bytes=$(stat -c %s "$CONSOLE" 2>/dev/null) || bytes=0
  status_result bytes "$bytes"
}

run_verb "$@"
