# shellcheck shell=bash
# What a killed run left half made: no state knows it, so its content identifies it.
# Needs paths.sh, service.sh, owner.sh and libvirtd.sh.

# ours KIND NAME: does it name this lab as its owner, or lie in its state directory?
ours() {
  local xml
  xml=$(object_xml "$1" "$2") && owns "$1" "$xml"
}

# remove_objects KIND: removes this lab's domains, pools or nets, whatever their names
remove_objects() {
  local name
  for name in $(virsh_list "$1" --all); do
    ours "$1" "$name" || continue
    say leftovers "$1 $name"
    end_object "$1" "$name"
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

# A scenario that was killed leaves the folder of its volatile disks' sockets, which names the lab
# (scenarios/engine/volatileDomain.ts).
remove_sockets() {
  local mark
  for mark in "${EDGE_RUN_DIR:-/run}"/edge-lab-*/lab; do
    [[ -e $mark && $(<"$mark") == "$STATE_DIR" ]] || continue
    say leftovers "folder ${mark%/lab}"
    rm -rf -- "${mark%/lab}"
  done
}

remove_leftovers() {
  remove_services
  remove_sockets
  command -v virsh >/dev/null && libvirtd_answers || return 0
  remove_objects domain
  remove_objects pool
  remove_objects net
}
