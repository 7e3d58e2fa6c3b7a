# shellcheck shell=bash
# What a killed run left half made: no state knows it, so its content identifies it.
# Needs paths.sh, service.sh, owner.sh and libvirtd.sh.

virsh_quiet() { virsh -q -c "$EDGE_LIBVIRT_URI" "$@"; }

# ours KIND NAME: does it name this lab as its owner, or lie in its state directory?
ours() {
  local xml
  xml=$(object_xml "$1" "$2") && owns "$1" "$xml"
}

# listed NAME ARGS...: is it in this virsh list?
listed() { virsh_quiet "${@:2}" --name | sed 's/ *$//' | grep -xF "$1" >/dev/null; } # pool-list pads its names

remove_domains() {
  local name
  for name in $(virsh_quiet list --all --name); do
    ours domain "$name" || continue
    say leftovers "domain $name"
    ! listed "$name" list || virsh_quiet destroy "$name" >&2
    virsh_quiet undefine "$name" >&2
  done
}

# remove_objects KIND: removes this lab's pools or nets, whatever their names
remove_objects() {
  local name
  for name in $(virsh_quiet "$1-list" --all --name); do
    ours "$1" "$name" || continue
    say leftovers "$1 $name"
    ! listed "$name" "$1-list" || virsh_quiet "$1-destroy" "$name" >&2
    virsh_quiet "$1-undefine" "$name" >&2
  done
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
  remove_objects pool
  remove_objects net
}
