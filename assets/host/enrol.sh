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

net_update() { virsh -q -c "$EDGE_LIBVIRT_URI" net-update "$NETWORK" "$1" ip-dhcp-host "$2" --live --config >/dev/null; }

# leases PATTERN: the network's fixed leases whose XML matches
leases() { virsh -q -c "$EDGE_LIBVIRT_URI" net-dumpxml "$NETWORK" 2>/dev/null | grep -oE '<host [^>]*mac=[^>]*/>' | grep -F "$1"; }

release_address() {
  local lease
  while read -r lease; do net_update delete "$lease"; done < <(leases "$1")
}

apply() {
  if [[ -n $NETWORK ]]; then
    : "${EDGE_MAC:?}" "${EDGE_ADDRESS:?}" "${EDGE_LIBVIRT_URI:?}"
    release_address "mac='$EDGE_MAC'"
    release_address "ip='$EDGE_ADDRESS'"
    net_update add-last "<host mac='$EDGE_MAC' name='$EDGE_DEVICE' ip='$EDGE_ADDRESS'/>"
  fi
  mkdir -p "$STATE_DIR/console"
  rm -f "$CONSOLE" "$CONSOLE".[0-9]*
  : >"$STATE_DIR/console/$EDGE_DEVICE.enrolled"
  # Forget the host key of the machine that had this address before.
  if ssh-keygen -F "${EDGE_ADDRESS:?}" -f "$STATE_DIR/ssh/known_hosts" >/dev/null 2>&1; then
    ssh-keygen -q -f "$STATE_DIR/ssh/known_hosts" -R "$EDGE_ADDRESS" >&2
    rm -f "$STATE_DIR/ssh/known_hosts.old"
  fi
  result --arg console "$CONSOLE"
}

destroy() {
  [[ -z $NETWORK ]] || release_address "mac='${EDGE_MAC:?}'"
  rm -f "$CONSOLE" "$CONSOLE".[0-9]* "$STATE_DIR/console/$EDGE_DEVICE.enrolled"
}

status() { result --argjson bytes "$(stat -c %s "$CONSOLE" 2>/dev/null || echo 0)"; }

run_verb "$@"
