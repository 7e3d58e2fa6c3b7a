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
  fi
  say bridge "$EDGE_UPLINK is a port of $EDGE_BRIDGE, which has $(device_addresses "$EDGE_BRIDGE" | paste -sd' ')"
  status
}

destroy() { remove_lan_bridge; }

status() {
  local address router dns
  if ! nm_runs || ! bridged; then
    result --argjson bridge null
    return
  fi
  address=$(address_in "${EDGE_CIDR:-$(network_of "$(device_addresses "$EDGE_BRIDGE" | head -n 1)")}" "$EDGE_BRIDGE")
  router=$(device_router "$EDGE_BRIDGE")
  dns=$(device_dns "$EDGE_BRIDGE")
  # On a LAN without a router or name server, the host takes their place.
  result --arg bridge "$EDGE_BRIDGE" --arg address "$address" --arg router "${router:-$address}" \
    --argjson nameservers "$(jq -Rn '[inputs]' <<<"${dns:-${router:-$address}}")"
}

run_verb "$@"
