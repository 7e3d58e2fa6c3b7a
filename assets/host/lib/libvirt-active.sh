# shellcheck shell=bash
# The lab's network and pool: started where they are there but not active. libvirt also calls active what has lost what
# it stands on: a network whose bridge, a pool whose folder somebody removed. Needs paths.sh, log.sh, owner.sh.

# without_ground net|pool NAME: is it active, but its bridge or folder gone?
without_ground() {
  local xml bridge
  case $1 in
    net)
      xml=$(timeout 5 virsh -q -c "$EDGE_LIBVIRT_URI" net-dumpxml "$2" 2>/dev/null) || return 1
      bridge=$(sed -n "s/^ *<bridge name='\([^']*\)'.*/\1/p" <<<"$xml")
      [[ -n $bridge && ! -d /sys/class/net/$bridge ]]
      ;;
    pool) [[ ! -d $STATE_DIR/pool ]] ;;
  esac
}

# start_inactive NAME: starts the network and the pool of that name
start_inactive() {
  local kind
  for kind in net pool; do
    if in_list "$kind" "$1" && without_ground "$kind" "$1"; then
      say libvirtd "the $kind $1 has lost its $([[ $kind == net ]] && echo bridge || echo folder): starts it anew"
      owner_virsh "$kind-destroy" "$1" >&2
    fi
    in_list "$kind" "$1" --inactive || continue
    say libvirtd "starts the $kind $1"
    [[ $kind == net || -d $STATE_DIR/pool ]] || owner_virsh pool-build "$1" >&2
    owner_virsh "$kind-start" "$1" >&2
  done
}
