# shellcheck shell=bash
# One function for each file that differs between devices.

# The lab's registry speaks plain HTTP.
render_registry() {
  [[ -n ${EDGE_REGISTRY:-} ]] || return 0
  edge_put "$ROOT/etc/containers/registries.conf.d/50-edge.conf" "[[registry]]
location = \"$EDGE_REGISTRY\"
insecure = true"
}

# A fixed address if the DHCP server is not the lab's; an image without networkd gets it from its installer.
render_network() {
  local server text units=$ROOT/usr/lib/systemd/network
  [[ -n ${EDGE_DNS:-} && -e $units/90-dhcp-wired.network ]] || return 0
  text="[Match]
Type=ether
Kind=!*

[Network]
Address=${EDGE_ADDRESS:?}/${EDGE_PREFIX:?}
Gateway=${EDGE_GATEWAY:?}"
  for server in $EDGE_DNS; do text+=$'\n'"DNS=$server"; done
  edge_put "$ROOT/etc/systemd/network/50-edge.network" "$text"
}

# The installer adds the remote; this follows when the depot moves or the image gains a key.
render_remote() {
  local url=${EDGE_DEPOT:-}/repo keys=$ROOT/usr/share/ostree/trusted.gpg.d verify=false key text
  local file=$ROOT/etc/ostree/remotes.d/edge.conf repo=$ROOT/ostree/repo
  [[ -n ${EDGE_DEPOT:-} ]] || return 0
  for key in "$keys"/edge*.gpg "$keys"/edge*.asc; do
    [[ ! -e $key ]] || verify=true
  done
  # ostree rejects a remote that is defined in both places.
  text=$(<"$repo/config")
  if [[ $text != *'[remote "edge"]'* ]]; then
    edge_put "$file" "[remote \"edge\"]
url=$url
gpg-verify=$verify"
  elif [[ $text != *"url=$url"$'\n'* || $text != *"gpg-verify=$verify"* ]]; then
    # shellcheck disable=SC2016 # expanded by the inner shell
    writable_sysroot 'ostree config --repo="$1" --group="remote \"edge\"" set url "$2"
      ostree config --repo="$1" --group="remote \"edge\"" set gpg-verify "$3"' "$repo" "$url" "$verify"
  fi
}

# Peers: as the depot named them last ("none" for a lab of one device), else as installed; never this device itself.
# Sets PEERS, one per line.
find_peers() {
  local known peer
  edge_read known "$STATE/peers" "${EDGE_PEERS:-}"
  PEERS=""
  for peer in $known; do
    [[ $peer == none || $peer == "${EDGE_ADDRESS:-}" ]] || PEERS+="    $peer"$'\n'
  done
}

# Sets KEEPALIVED_CONFIG.
keepalived_config() {
  local group="" way
  find_interface
  find_peers
  # Only peers' advertisements count: a machine that the depot does not name cannot end this device's ownership.
  way="unicast_src_ip ${EDGE_ADDRESS:?}
  check_unicast_src
  unicast_peer {
$PEERS  }"
  if [[ -z $PEERS ]]; then
    # keepalived rejects an empty list of peers. A group of the lab's own: routers of a LAN use VRRP's.
    group=$'\n'"  vrrp_mcast_group4 239.${EDGE_VIP#*.}"
    way="mcast_src_ip $EDGE_ADDRESS"
  fi
  proc_socket "${EDGE_VIP:?}" "${EDGE_APP_PORT:?}"
  # Priority 255 makes this the owner of the address: a check with a weight cannot lower it. Without a weight
  # a failing check puts the instance into the fault state, whatever its priority.
  KEEPALIVED_CONFIG="global_defs {
  router_id ${EDGE_NAME:?}
  vrrp_version 3
  enable_script_security
  script_user root
  # Adverts leave on time while the device is busy. Not by a realtime priority: up to 2.3.3 a reload sets its limit of
  # processor time to zero for a moment, in which the kernel kills it on a busy host (keepalived, lib/process.c).
  vrrp_priority -20
  vrrp_no_swap
  # A neighbour ignores a second change of an entry within a second: say it again after that.
  vrrp_garp_master_repeat 2
  vrrp_garp_master_delay 1
  vrrp_garp_master_refresh 10
  vrrp_garp_master_refresh_repeat 1$group
}

# A check that takes long has found nothing: it waits for a processor, not for what it reads.
vrrp_script app {
  script \"$VIP_HOOKS/vip-check $SOCKET\"
  interval 2
  timeout 60
  fall 2
  rise 1
}

vrrp_instance RFE_VIP {
  state ${EDGE_VIP_STATE:?}
  interface $INTERFACE
  virtual_router_id 50
  priority ${EDGE_VIP_PRIORITY:?}
  advert_int ${EDGE_ADVERT_SECONDS:?}
  $way
  virtual_ipaddress {
    $EDGE_VIP/32 dev $INTERFACE
  }
  track_script {
    app
  }
  notify \"$VIP_HOOKS/vip-notify $EDGE_VIP\"
}"
}

render_keepalived() {
  keepalived_config
  edge_put "$VIP_CONFIG" "$KEEPALIVED_CONFIG"
}

# apply_keepalived: the same while keepalived runs, which takes it without giving up the virtual IP.
apply_keepalived() {
  keepalived_config
  ! edge_is "$VIP_CONFIG" "$KEEPALIVED_CONFIG" || return 0
  edge_put "$VIP_CONFIG" "$KEEPALIVED_CONFIG"
  systemctl --no-block reload-or-restart keepalived.service
}

# The app's user units cannot take the listen address from the environment.
render_app() {
  local units=$ROOT/run/systemd/user
  edge_put "$units/container-httpd-proxy.socket.d/10-device.conf" "[Socket]
ListenStream=
ListenStream=$EDGE_VIP:$EDGE_APP_PORT"
}
