#!/usr/bin/env bash
# The host itself: checks it first, then installs the packages and starts the libvirt daemon that the lab needs.
# apply reads {"packages", "distribution"?, "subscription"?} (JSON, for the builder's depsolve verb) on stdin;
# destroy restores what apply changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
: "${EDGE_LIBVIRT_URI:?libvirt URI}"
# shellcheck source=assets/host/lib/libvirtd.sh
. assets/host/lib/libvirtd.sh
# shellcheck source=assets/host/lib/host-state.sh
. assets/host/lib/host-state.sh
# shellcheck source=assets/host/lib/state-modes.sh
. assets/host/lib/state-modes.sh
# shellcheck source=assets/host/lib/distribution.sh
. assets/host/lib/distribution.sh
# shellcheck source=assets/host/lib/subscription.sh
. assets/host/lib/subscription.sh
# shellcheck source=assets/host/lib/osbuild-host.sh
. assets/host/lib/osbuild-host.sh
# shellcheck source=assets/host/lib/networkmanager.sh
. assets/host/lib/networkmanager.sh
# shellcheck source=assets/host/lib/lan.sh
. assets/host/lib/lan.sh
# shellcheck source=assets/host/lib/lan-bridge.sh
. assets/host/lib/lan-bridge.sh
# shellcheck source=assets/host/lib/libvirt-active.sh
. assets/host/lib/libvirt-active.sh
# shellcheck source=assets/host/lib/nat.sh
. assets/host/lib/nat.sh
# shellcheck source=assets/host/lib/host-drift.sh
. assets/host/lib/host-drift.sh

# network_tools: are they installed? A container image may lack them.
network_tools() { command -v ip >/dev/null && command -v ss >/dev/null; }

# The lab's subnet is either the host's own network or unused.
check_network() {
  check_namespace
  check_labs
  check_unchanged
  local port address=$EDGE_GATEWAY device=${EDGE_UPLINK:-}
  if [[ -n $device ]]; then
    if [[ -n ${CLASHES["uplink:$device"]:-} ]]; then
      return 0
    elif lan_bridge_there; then
      [[ ! -e /sys/class/net/$EDGE_BRIDGE/brif/$device ]] || device=$EDGE_BRIDGE
    else
      check_uplink "$device" "$EDGE_BRIDGE" "$EDGE_CIDR"
    fi
    check_bridged_traffic "$EDGE_BRIDGE"
    # Without an address in the LAN (already reported as a problem) nothing there can be probed.
    address=$(address_in "$EDGE_CIDR" "$device") || return 0
    # shellcheck disable=SC2086 # a list of addresses
    check_lan_addresses "$device" "$EDGE_LAN_MACS" $EDGE_LAN_ADDRESSES
  fi
  check_subnet "$EDGE_CIDR" "$EDGE_BRIDGE" "${EDGE_UPLINK:-}"
  for port in $EDGE_PORTS; do check_port "$address" "$port"; done
  [[ -z $device ]] || return 0
  # shellcheck source=assets/host/lib/preflight-dns.sh
  . assets/host/lib/preflight-dns.sh
  # shellcheck source=assets/host/lib/preflight-firewall.sh
  . assets/host/lib/preflight-firewall.sh
  check_name_server "$EDGE_GATEWAY" "$EDGE_BRIDGE"
  check_host_firewall
}

check_host_firewall() {
  # shellcheck disable=SC2086 # a list of ports
  [[ -n ${EDGE_UPLINK:-} ]] || check_firewall "$EDGE_GATEWAY" "$EDGE_CIDR" "$EDGE_BRIDGE" $EDGE_PORTS
}

# check_objects: libvirt's objects with the lab's names are the lab's
check_objects() {
  # shellcheck disable=SC2086 # a list of names
  check_domains $EDGE_DOMAINS
  check_network_name "$EDGE_NETWORK"
}

preflight() {
  # shellcheck source=assets/host/lib/preflight.sh
  . assets/host/lib/preflight.sh
  check_owner "${EDGE_STACK:-}"
  say preflight "platform, memory, disk, kernel, subnet, ports, packages of the image"
  if [[ $EDGE_BUILDER == osbuild ]]; then
    # shellcheck source=assets/host/lib/preflight-osbuild.sh
    . assets/host/lib/preflight-osbuild.sh
    check_platform_osbuild "${EDGE_DISTRIBUTION:?}"
    check_boot_iso "${EDGE_BOOT_ISO:?}"
    # jq may not be installed yet.
    if [[ $INPUT == *'"subscription":{'* ]]; then check_subscription yes; else check_subscription no; fi
    check_virtualization
  else
    check_platform
  fi
  # A lab that is up already uses its memory, even if its note was lost.
  if [[ ! -e $STATE_DIR/host/applied && ! -d $STATE_DIR/services ]]; then
    check_memory "$EDGE_MEMORY_MIB"
    check_disk "$EDGE_DISK_GIB" "$STATE_DIR" stateDir
    check_disk 4 "$CACHE_DIR" "the cache directory"
  fi
  check_kernel
  if network_tools; then
    check_network
  else
    say preflight "the network is looked at once ip and ss are installed"
  fi
  check_objects
  # Keep the secret away from the builder.
  check_packages "$EDGE_BUILDER" "${INPUT%%,\"subscription\":*}$([[ $INPUT != *',"subscription":'* ]] || echo '}')"
  report_problems
}

# subscription_of JSON: the object, or null. It is the last key (keys are sorted); jq may not be installed yet.
subscription_of() {
  local rest=${1#*,\"subscription\":}
  if [[ $rest == "$1" ]]; then echo null; else echo "${rest%\}}"; fi
}

# enter_host: two labs may have checked the host at the same time; the second one here sees the first one's note
enter_host() {
  local stack=${EDGE_STACK:-$(owner_stack)}
  claim_state "${stack:=dev}"
  PROBLEMS=()
  ! network_tools || check_labs
  report_problems
  labs_register "$stack"
}

# own_objects: objects that the previous version made name no owner
own_objects() {
  local name stack
  stack=$(owner_stack)
  for name in $EDGE_DOMAINS; do own_domain "$name" "$stack"; done
  own_network "$EDGE_NETWORK" "$stack"
}

apply() {
  : "${EDGE_BUILDER:?}" "${EDGE_CIDR:?}" "${EDGE_GATEWAY:?}" "${EDGE_BRIDGE:?}" "${EDGE_NETWORK:?}" "${EDGE_PORTS:?}"
  : "${EDGE_MEMORY_MIB:?}" "${EDGE_DISK_GIB:?}" "${EDGE_DOMAINS:?}"
  local late unasked blind
  INPUT=$(cat)
  late=$(network_tools || echo yes)
  blind=$(command -v nft >/dev/null || echo yes)
  unasked=$(libvirtd_answers 2 || echo yes)
  preflight
  labs_locked enter_host
  mkdir -p "$STATE_DIR/log" "$CACHE_DIR"
  [[ $EDGE_BUILDER != osbuild ]] || subscription_apply "$(subscription_of "$INPUT")"
  assets/host/packages.sh apply >/dev/null
  if [[ -n $late ]]; then
    CHANGED+=" but for packages"
    check_network
    report_problems
  elif [[ -n $blind ]]; then
    CHANGED+=" but for packages"
    check_host_firewall
    report_problems
  fi
  [[ $EDGE_BUILDER != osbuild ]] || osbuild_host_apply
  note_host
  mend_kvm_mode
  close_state
  open_path
  libvirtd_apply
  if [[ -n $unasked ]]; then
    CHANGED="nothing on it was changed but for packages and libvirtd, which was started"
    check_objects
    report_problems
  fi
  start_inactive "$EDGE_NETWORK"
  nat_mend
  # Restores a lost mark: the lab must still stop what it started.
  ! grep -qsxF "${LIBVIRTD_MARK##*/}" "$NOTED/applied" || [[ -e $LIBVIRTD_MARK ]] || date +%s >"$LIBVIRTD_MARK"
  own_objects
  note_applied
  say host "ready: $(virsh -q -c "$EDGE_LIBVIRT_URI" version | sed -n 's/^Running hypervisor: //p'), libvirt $(virsh --version)"
  result --arg libvirtUri "$EDGE_LIBVIRT_URI" --arg stateDir "$STATE_DIR" --arg libvirt "$(virsh --version)" \
    --arg webConsole "$([[ $EDGE_BUILDER != osbuild ]] || echo "https://$(hostname):$WEB_CONSOLE_PORT/")"
}

# note_applied: writes the time and the names of the existing notes
note_applied() {
  local name file=$STATE_DIR/host/applied
  {
    date +%s
    for name in "$NOTED"/{ip-forward,firewall-tables,kvm-mode,acl,osbuild,registered,"${LIBVIRTD_MARK##*/}"}; do
      [[ ! -e $name ]] || printf '%s\n' "${name##*/}"
    done
  } >"$file.new"
  mv "$file.new" "$file"
}

destroy() {
  local owner
  owner=$(owner_stack)
  [[ -z $owner || -z ${EDGE_STACK:-} || $owner == "$EDGE_STACK" ]] ||
    die "$STATE_DIR belongs to stack $owner, not to $EDGE_STACK; nothing was removed; fix: EDGE_LAB_STACK=$owner npm run destroy"
  # shellcheck source=assets/host/lib/service.sh
  . assets/host/lib/service.sh
  # shellcheck source=assets/host/lib/leftovers.sh
  . assets/host/lib/leftovers.sh
  remove_leftovers
  osbuild_host_destroy
  subscription_destroy
  remove_lan_bridge
  labs_locked leave_host
  # Leftovers of other steps that were killed. The stack's own state is not this script's to remove.
  rm -rf "${STATE_DIR:?}"/{host,log,blueprints,repo,build,releases,rpms,iso,pool,console,depot,registry,services,ssh,signing,evidence,run}
}

status() {
  local answers=false started=false
  if libvirtd_drift; then answers=true; fi
  host_drift
  [[ ! -e $LIBVIRTD_MARK ]] || started=true
  status_result libvirtd "$answers" startedByLab "$started"
}

run_verb "$@"
