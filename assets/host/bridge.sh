#!/usr/bin/env bash
# network.mode lan: the lab's bridge takes the host's uplink as a port, with the uplink's MAC address and IP
# settings, so that the devices are on the LAN next to the host. All of it runs under a NetworkManager checkpoint:
# unless the host gets its addresses back and its router answers in time, NetworkManager reverts everything by
# itself, even if this script is killed or loses its own connection over that network.
# Inputs: EDGE_STATE_DIR, EDGE_BRIDGE, EDGE_UPLINK, EDGE_CIDR, EDGE_REACHABLE_SECONDS (30).
# Result: {"bridge","address","router","nameservers"}.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
: "${EDGE_BRIDGE:?}" "${EDGE_UPLINK:?}"
# shellcheck source=assets/host/lib/preflight.sh
. assets/host/lib/preflight.sh
# shellcheck source=assets/host/lib/networkmanager.sh
. assets/host/lib/networkmanager.sh
# shellcheck source=assets/host/lib/lan.sh
. assets/host/lib/lan.sh
# shellcheck source=assets/host/lib/lan-bridge.sh
. assets/host/lib/lan-bridge.sh

apply() {
  : "${EDGE_CIDR:?}"
  if ! bridged; then
    recover
    check_uplink "$EDGE_UPLINK" "$EDGE_BRIDGE" "$EDGE_CIDR"
    report_problems
    note_uplink
    join "${EDGE_REACHABLE_SECONDS:-30}"
  elif ! address_in "$EDGE_CIDR" "$EDGE_BRIDGE" >/dev/null; then
    say bridge "$EDGE_BRIDGE has lost its address: NetworkManager sets it anew"
    nmcli --wait 30 device reapply "$EDGE_BRIDGE" >/dev/null
    wait_until 20 address_in "$EDGE_CIDR" "$EDGE_BRIDGE" >/dev/null || die "$EDGE_BRIDGE does not get an address of $EDGE_CIDR again"
  fi
  say bridge "$EDGE_UPLINK is a port of $EDGE_BRIDGE, which has $(device_addresses "$EDGE_BRIDGE" | paste -sd' ')"
  describe
}

destroy() { remove_lan_bridge; }

# active_profiles: UUIDs of NetworkManager's active profiles, separated by blanks; status 1 if it does not run
active_profiles() {
  local uuids
  uuids=$(LC_ALL=C timeout 2 nmcli -t -e no -f UUID,STATE connection show --active 2>/dev/null) || return 1
  sed -n 's/:activated$//p' <<<"$uuids" | paste -sd' '
}

# One query to NetworkManager; bridged makes three.
bridge_drift() {
  local active
  tools nmcli ip || return 0
  if ! active=$(active_profiles); then
    drift "NetworkManager does not run or does not answer"
  elif [[ " $active " != *" $BRIDGE_UUID "* || " $active " != *" $PORT_UUID "* ]]; then
    drift "the lab's profiles of $EDGE_BRIDGE are not in use"
  fi
  [[ ! -e $CHECKPOINT ]] || drift "$EDGE_BRIDGE is still on trial"
  if [[ ! -d /sys/class/net/$EDGE_BRIDGE ]]; then
    drift "the bridge $EDGE_BRIDGE is gone"
  elif [[ ! -e /sys/class/net/$EDGE_BRIDGE/brif/$EDGE_UPLINK ]]; then
    drift "$EDGE_UPLINK is no port of $EDGE_BRIDGE"
  elif ! address_in "${EDGE_CIDR:-}" "$EDGE_BRIDGE" >/dev/null; then
    drift "$EDGE_BRIDGE has no address of ${EDGE_CIDR:-the LAN}"
  fi
}

status() {
  local bridge=null
  bridge_drift
  ((${#DRIFT[@]})) || json_text bridge "$EDGE_BRIDGE"
  status_result bridge "$bridge"
}

describe() {
  local address router dns
  address=$(address_in "${EDGE_CIDR:-$(network_of "$(device_addresses "$EDGE_BRIDGE" | head -n 1)")}" "$EDGE_BRIDGE")
  router=$(device_router "$EDGE_BRIDGE")
  dns=$(device_dns "$EDGE_BRIDGE")
  # On a LAN without a router or name server, the host takes their place.
  result --arg bridge "$EDGE_BRIDGE" --arg address "$address" --arg router "${router:-$address}" \
    --argjson nameservers "$(jq -Rn '[inputs]' <<<"${dns:-${router:-$address}}")"
}

run_verb "$@"
