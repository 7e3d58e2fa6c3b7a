# shellcheck shell=bash
# Puts the uplink into the bridge and takes it out again. Needs paths.sh, log.sh, wait.sh, networkmanager.sh, lan.sh.

NOTE=$STATE_DIR/host/lan.json
CHECKPOINT=$STATE_DIR/host/lan-checkpoint
# NetworkManager waits this much longer than this script, whose messages say more.
CHECKPOINT_MARGIN=20

# The UUIDs of the lab's own profiles derive from the state directory, so they are known even if all else is lost.
profile_uuid() {
  local hash
  hash=$(printf '%s' "edge-lab $1 $STATE_DIR" | sha256sum)
  echo "${hash:0:8}-${hash:8:4}-5${hash:13:3}-8${hash:17:3}-${hash:20:12}"
}
BRIDGE_UUID=$(profile_uuid bridge)
PORT_UUID=$(profile_uuid port)

# uplink_note KEY: what note_uplink recorded; empty if nothing
uplink_note() { [[ ! -e $NOTE ]] || jq -r ".$1 // empty" "$NOTE"; }

# lan_bridge_there: the lab's, whole, on trial or left behind
lan_bridge_there() { nm_runs && { nm_has "$BRIDGE_UUID" || nm_has "$PORT_UUID"; }; }

# bridged: everything is as apply leaves it
bridged() {
  nm_runs && nm_active "$BRIDGE_UUID" && nm_active "$PORT_UUID" && [[ ! -e $CHECKPOINT ]] &&
    [[ -e /sys/class/net/$EDGE_BRIDGE/brif/$EDGE_UPLINK ]]
}

# What the host must have again: recorded before any change, kept for destroy.
note_uplink() {
  local router answers=false
  router=$(device_router "$EDGE_UPLINK")
  [[ -z $router || -z $(neighbours "$EDGE_UPLINK" "$router") ]] || answers=true
  mkdir -p "${NOTE%/*}"
  jq -n --arg bridge "$EDGE_BRIDGE" --arg uplink "$EDGE_UPLINK" --arg profile "$(nm_device "$EDGE_UPLINK" GENERAL.CON-UUID)" \
    --arg mac "$(</sys/class/net/"$EDGE_UPLINK"/address)" --arg router "$router" --argjson answers "$answers" \
    --arg addresses "$(device_addresses "$EDGE_UPLINK")" \
    '{$bridge, $uplink, $profile, $mac, $router, $answers, addresses: ($addresses | split("\n"))}' >"$NOTE.new"
  mv "$NOTE.new" "$NOTE"
}

# restored DEVICE: does it have every address and the route that the uplink had? Sets WHY to what is missing.
restored() {
  local address router
  while read -r address; do
    WHY="$1 does not have the address $address"
    device_addresses "$1" | grep -qxF "$address" || return 1
  done < <(uplink_note 'addresses[]')
  router=$(uplink_note router)
  [[ -n $router ]] || return 0
  WHY="$1 does not have the default route by $router"
  [[ $(device_router "$1") == "$router" ]]
}

# reachable DEVICE: and the router answers, if it did before
reachable() {
  local router
  restored "$1" || return 1
  router=$(uplink_note router)
  [[ $(uplink_note answers) == true ]] || return 0
  WHY="the router $router does not answer on $1"
  [[ -n $(neighbours "$1" "$router") ]]
}

# add_profiles: in memory only, so that a host that goes down before it is reachable comes up as before
add_profiles() {
  local profile identity mac mtu priority metric
  profile=$(uplink_note profile)
  mac=$(uplink_note mac)
  nm_copied "$profile" || die "NetworkManager has no settings of the profile $profile"
  # A bridge's routes would get a worse metric (425) than other interfaces': copy the uplink's own.
  metric=$(ip -4 route show default dev "$EDGE_UPLINK" | sed -n 's/.* metric \([0-9]*\).*/\1/p' | head -n 1)
  [[ -z $metric ]] || COPIED+=(ipv4.route-metric "$metric")
  # Ask for the lease with the same identity: NetworkManager's default derives from the interface name.
  identity=$(nm_dhcp_identity "$EDGE_UPLINK")
  [[ -z $identity || " ${COPIED[*]} " == *' ipv4.dhcp-client-id '* ]] || COPIED+=(ipv4.dhcp-client-id "$identity")
  mtu=$(nmcli -g 802-3-ethernet.mtu connection show uuid "$profile")
  # Both profiles match the uplink: after a host restart this one must win.
  priority=$(nmcli -g connection.autoconnect-priority connection show uuid "$profile")
  nmcli connection add save no type bridge con-name "$EDGE_BRIDGE" ifname "$EDGE_BRIDGE" connection.uuid "$BRIDGE_UUID" \
    connection.autoconnect no bridge.stp no bridge.mac-address "$mac" "${COPIED[@]}" >/dev/null
  nmcli connection add save no type ethernet con-name "$EDGE_BRIDGE-$EDGE_UPLINK" ifname "$EDGE_UPLINK" \
    connection.uuid "$PORT_UUID" connection.autoconnect no connection.master "$EDGE_BRIDGE" connection.slave-type bridge \
    connection.autoconnect-priority "$((priority < 999 ? priority + 1 : 999))" \
    802-3-ethernet.mtu "${mtu/auto/0}" >/dev/null
}

# save_profiles: to disk, for the next host start. Only now may the bridge bring up its ports: earlier it would have
# cut off the port's own activation.
save_profiles() {
  nmcli connection modify uuid "$BRIDGE_UUID" connection.autoconnect yes connection.autoconnect-slaves 1
  nmcli connection modify uuid "$PORT_UUID" connection.autoconnect yes
}

warn_sessions() {
  local sessions
  sessions=$(ss -Htn state established '( sport = :22 )' 2>/dev/null | wc -l)
  ((sessions == 0)) ||
    say bridge "$sessions ssh sessions are open; one that comes by $EDGE_UPLINK pauses now, and NetworkManager puts all back within $1 s unless the host is reachable again"
}

# join SECONDS
join() {
  local seconds=$1 end=$((SECONDS + $1))
  warn_sessions $((seconds + CHECKPOINT_MARGIN))
  say bridge "taking $EDGE_UPLINK into $EDGE_BRIDGE, for $seconds s on trial"
  nm_checkpoint $((seconds + CHECKPOINT_MARGIN)) "$CHECKPOINT" || die "NetworkManager makes no checkpoint (its answer is above): nothing was changed; another program's may be open: try again in a minute"
  trap revert EXIT
  add_profiles
  nmcli --wait "$seconds" connection up uuid "$PORT_UUID" >/dev/null || die "NetworkManager does not take $EDGE_UPLINK into $EDGE_BRIDGE"
  WHY=
  wait_until $((end > SECONDS ? end - SECONDS : 1)) reachable "$EDGE_BRIDGE" || die "$EDGE_UPLINK was in $EDGE_BRIDGE, and after $seconds s $WHY"
  save_profiles
  nm_end_checkpoint "$CHECKPOINT" keep || die "the checkpoint was over before $EDGE_BRIDGE was ready"
  trap - EXIT
}

revert() {
  say bridge "putting everything back"
  nm_end_checkpoint "$CHECKPOINT" revert
  recover
  say bridge "$EDGE_UPLINK is as it was"
}

# recover: restores the uplink as before the lab, from any state: an interrupted trial, or a bridge in use
recover() {
  local profile
  trap - EXIT
  nm_end_checkpoint "$CHECKPOINT" revert
  if lan_bridge_there; then
    profile=$(uplink_note profile)
    if [[ -n $profile ]] && nm_has "$profile"; then
      nmcli --wait 30 connection up uuid "$profile" ifname "$EDGE_UPLINK" >/dev/null ||
        die "NetworkManager does not bring $EDGE_UPLINK up with its profile $profile; $EDGE_BRIDGE stays"
    fi
    # A profile that NetworkManager generated is generated again when nothing else claims the uplink.
    nm_delete "$PORT_UUID"
    nm_delete "$BRIDGE_UUID"
  fi
  if [[ -e $NOTE ]]; then
    WHY=
    # The LAN may be gone or a different one by now: the host has its own profile again, and no more can be done.
    wait_until 20 restored "$EDGE_UPLINK" || say bridge "warning: $EDGE_UPLINK is out of $EDGE_BRIDGE, and after 20 s $WHY"
    rm -f "$NOTE"
  fi
}

# remove_lan_bridge: removes what is left, from whatever still records it
remove_lan_bridge() {
  if nm_runs; then
    [[ -e $NOTE || -e $CHECKPOINT ]] || lan_bridge_there || return 0
    EDGE_BRIDGE=${EDGE_BRIDGE:-$(uplink_note bridge)}
    EDGE_UPLINK=${EDGE_UPLINK:-$(uplink_note uplink)}
    recover
  elif [[ -e $NOTE ]]; then
    die "NetworkManager does not run, and $(uplink_note uplink) is in the bridge $(uplink_note bridge); start it (systemctl start NetworkManager)"
  fi
}
