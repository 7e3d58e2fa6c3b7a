# shellcheck shell=bash
# Giving the virtual IP to a peer before this device goes away. Needs edge.sh and app.sh.

# Keepalived says goodbye with an advertisement of priority 0: the peer takes over at once instead of
# after three missed ones. Waits until it has, but not for ever: there may be no healthy peer.
hand_over_vip() {
  local deadline
  edge_is "$RUN/vip" yes || return 0
  systemctl stop keepalived.service
  edge_put "$RUN/vip" no
  edge_uptime
  deadline=$((UPTIME + ${EDGE_HANDOVER_SECONDS:-5}))
  find_interface
  # By the wire: to this device itself the address is its own, see keep-connections.
  until ping -c 1 -W 1 -q -I "$INTERFACE" "${EDGE_VIP:?}" >/dev/null 2>&1; do
    edge_uptime
    if ((UPTIME >= deadline)); then
      edge_log 4 "no peer has taken $EDGE_VIP"
      return 0
    fi
  done
  edge_log 5 "a peer has taken $EDGE_VIP"
  drain_vip
}

# Requests that were accepted before are answered to their end; a client that keeps its connection has as long as a
# client waits, as a rule.
drain_vip() {
  local deadline
  edge_uptime
  deadline=$((UPTIME + ${EDGE_DRAIN_SECONDS:-30}))
  while connected "${EDGE_VIP:?}" "${EDGE_APP_PORT:?}"; do
    edge_uptime
    if ((UPTIME >= deadline)); then
      edge_log 4 "$CONNECTIONS connections to $EDGE_VIP are still open"
      return 0
    fi
    sleep 0.2
  done
}
