# shellcheck shell=bash
# Hands the virtual IP to a peer before this device goes away. Needs edge.sh and app.sh.

# On stopping, keepalived sends an advertisement of priority 0: the peer takes over at once instead of after
# three missed ones. The wait for that is bounded: there may be no healthy peer.
hand_over_vip() {
  edge_is "$RUN/vip" yes || return 0
  systemctl stop keepalived.service
  edge_put "$RUN/vip" no
  find_interface
  if ! edge_wait "${EDGE_HANDOVER_SECONDS:-5}" 0 peer_has_vip; then
    edge_log 4 "no peer has taken $EDGE_VIP"
    return 0
  fi
  edge_log 5 "a peer has taken $EDGE_VIP"
  # Requests accepted earlier are answered to their end; a client that keeps its connection open gets as long as
  # clients usually wait.
  edge_wait "${EDGE_DRAIN_SECONDS:-30}" 0.2 vip_drained ||
    edge_log 4 "$SOCKETS connections to $EDGE_VIP are still open"
}

# leave VERB TEXT: ends this boot with systemctl VERB, once the virtual IP is handed over; TEXT goes to the console.
leave() {
  edge_put "$RUN/phase" rebooting
  hand_over_vip
  "$here/report" rebooting
  edge_console "${EDGE_NAME:?} $2"
  systemctl --no-block "$1"
}

# Ask on the wire: this device itself treats the address as local, see keep-connections.
peer_has_vip() { ping -c 1 -W 1 -q -I "$INTERFACE" "${EDGE_VIP:?}" >/dev/null 2>&1; }

# Have all connections to the virtual IP ended here: none established (01), being made (03), or with data or a FIN
# that the client has not acknowledged (04 FIN_WAIT1, 08 CLOSE_WAIT, 09 LAST_ACK, 0B CLOSING)? Sets SOCKETS.
vip_drained() { ! find_sockets "${EDGE_VIP:?}" "${EDGE_APP_PORT:?}" '@(01|03|04|08|09|0B)'; }
