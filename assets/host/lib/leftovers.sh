# shellcheck shell=bash
# What a killed run left half made: no state knows it, so its content identifies it.
# Needs paths.sh, service.sh and libvirtd.sh.

# The names that the program gives its libvirt network and storage pool.
LIBVIRT_NAME=edge-lab

virsh_quiet() { virsh -q -c "$EDGE_LIBVIRT_URI" "$@"; }

# ours KIND NAME: its XML names this state directory or, for a network, the lab's domain
ours() {
  local xml
  case $1 in
    domain) xml=$(virsh_quiet dumpxml "$2" 2>/dev/null) && [[ $xml == *"'$STATE_DIR/"* ]] ;;
    pool) xml=$(virsh_quiet pool-dumpxml "$2" 2>/dev/null) && [[ $xml == *">$STATE_DIR/pool<"* ]] ;;
    net) xml=$(virsh_quiet net-dumpxml "$2" 2>/dev/null) && [[ $xml == *"<domain name='edge.lab'"* ]] ;;
  esac
}

# listed NAME ARGS...: is it in this virsh list?
listed() { virsh_quiet "${@:2}" --name | grep -qxF "$1"; }

remove_domains() {
  local name
  for name in $(virsh_quiet list --all --name); do
    ours domain "$name" || continue
    say leftovers "domain $name"
    ! listed "$name" list || virsh_quiet destroy "$name" >&2
    virsh_quiet undefine "$name" >&2
  done
}

# remove_object KIND: our pool or net
remove_object() {
  listed "$LIBVIRT_NAME" "$1-list" --all && ours "$1" "$LIBVIRT_NAME" || return 0
  say leftovers "$1 $LIBVIRT_NAME"
  ! listed "$LIBVIRT_NAME" "$1-list" || virsh_quiet "$1-destroy" "$LIBVIRT_NAME" >&2
  virsh_quiet "$1-undefine" "$LIBVIRT_NAME" >&2
}

remove_services() {
  local run
  for run in "$STATE_DIR"/services/*.run; do
    [[ -e $run ]] || continue
    run=${run##*/}
    say leftovers "service ${run%.run}"
    service_remove "${run%.run}"
  done
}

remove_leftovers() {
  remove_services
  command -v virsh >/dev/null && libvirtd_answers || return 0
  remove_domains
  remove_object pool
  remove_object net
}
