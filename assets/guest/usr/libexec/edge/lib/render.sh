# shellcheck shell=bash
# One function for each file that depends on which device this is.

# The lab's registry speaks plain HTTP.
render_registry() {
  [[ -n ${EDGE_REGISTRY:-} ]] || return 0
  edge_put "$ROOT/etc/containers/registries.conf.d/50-edge.conf" "[[registry]]
location = \"$EDGE_REGISTRY\"
insecure = true" || return 0
}

# The remote is made by the installer; here it follows a depot that moved and a key that the image got.
render_remote() {
  local url=${EDGE_DEPOT:-}/repo keys=$ROOT/usr/share/ostree/trusted.gpg.d verify=false key
  local file=$ROOT/etc/ostree/remotes.d/edge.conf config=$ROOT/ostree/repo/config
  [[ -n ${EDGE_DEPOT:-} ]] || return 0
  for key in "$keys"/edge*.gpg "$keys"/edge*.asc; do
    [[ -e $key ]] && verify=true
  done
  # An installer may run this where the repository is not to be seen: a remote that stood in both places
  # would be an error to ostree.
  [[ -r $config ]] || return 0
  if [[ $(<"$config") == *'[remote "edge"]'* ]]; then
    if [[ $(<"$config") != *"url=$url"* || $(<"$config") != *"gpg-verify=$verify"* ]]; then
      ostree config --repo="$ROOT/ostree/repo" --group='remote "edge"' set url "$url"
      ostree config --repo="$ROOT/ostree/repo" --group='remote "edge"' set gpg-verify "$verify"
    fi
    return 0
  fi
  edge_put "$file" "[remote \"edge\"]
url=$url
gpg-verify=$verify" || return 0
}

# The first interface with hardware behind it; its address may not be there yet. EDGE_INTERFACE says
# otherwise where a device has several.
edge_interface() {
  local path
  for path in "$ROOT"/sys/class/net/*; do
    if [[ -e $path/device ]]; then
      printf '%s' "${EDGE_INTERFACE:-${path##*/}}"
      return 0
    fi
  done
}

# Peers: what the depot said last, else what the device was installed with; never this device itself.
edge_peers() {
  local peer
  for peer in $(edge_value "$STATE/peers" "${EDGE_PEERS:-}"); do
    [[ $peer == "${EDGE_ADDRESS:-}" ]] || printf '%s\n' "$peer"
  done
}

# Returns 1 when the file already said so.
render_keepalived() {
  local interface peers="" peer socket
  interface=$(edge_interface)
  for peer in $(edge_peers); do
    peers+="    $peer"$'\n'
  done
  socket=$(proc_socket "${EDGE_VIP:?}" "${EDGE_APP_PORT:?}")
  # Priority 255 is the owner of the address: a check that has a weight cannot lower it. Without a
  # weight a failing check puts the instance into the fault state, whatever its priority.
  edge_put "$RUN/keepalived.conf" "global_defs {
  router_id ${EDGE_NAME:?}
  vrrp_version 3
  enable_script_security
  script_user root
  # Adverts leave on time while the device is busy.
  vrrp_rt_priority 50
  max_auto_priority 60
  # Its default kills the process where an instruction costs a hundred times what it should.
  vrrp_rlimit_rttime 5000000
  vrrp_no_swap
  # A neighbour ignores a second change of an entry within a second: say it again after that.
  vrrp_garp_master_repeat 2
  vrrp_garp_master_delay 1
  vrrp_garp_master_refresh 10
  vrrp_garp_master_refresh_repeat 1
}

vrrp_script app {
  script \"/usr/libexec/edge/vip-check $socket\"
  interval 3
  timeout 10
  fall 2
  rise 1
}

vrrp_instance RFE_VIP {
  state ${EDGE_VIP_STATE:?}
  interface $interface
  virtual_router_id 50
  priority ${EDGE_VIP_PRIORITY:?}
  advert_int ${EDGE_ADVERT_SECONDS:?}
  unicast_src_ip ${EDGE_ADDRESS:?}
  unicast_peer {
$peers  }
  virtual_ipaddress {
    $EDGE_VIP/32 dev $interface
  }
  track_script {
    app
  }
  notify /usr/libexec/edge/vip-notify
}"
}

# What the app's user units cannot take from the environment: the address to listen on.
render_app() {
  local units=$ROOT/run/systemd/user
  edge_put "$units/container-httpd-proxy.socket.d/10-device.conf" "[Socket]
ListenStream=
ListenStream=$EDGE_VIP:$EDGE_APP_PORT" || return 0
}

# A boot that ends without a verdict is told apart from one that never came this far.
record_boot() {
  local file
  file=$STATE/health/$(edge_boot_id).json
  [[ ! -e $file ]] || return 0
  printf '{"bootId":"%s","commit":"%s","version":"%s","time":%d,"result":"pending","checks":[]}\n' \
    "$(edge_boot_id)" "$(booted_commit)" "$(booted_version)" "$EPOCHSECONDS" >"$file"
  edge_put "$RUN/health" pending || return 0
}
