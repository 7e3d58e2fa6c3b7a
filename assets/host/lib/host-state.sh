# shellcheck shell=bash source-path=SCRIPTDIR
# Host settings that the lab, or libvirt on its behalf, changes: recorded first, restored by destroy, or by the last lab
# if several share the host.

host_state_lib=${BASH_SOURCE[0]%/*}
# shellcheck source=labs.sh
. "$host_state_lib/labs.sh"
# shellcheck source=service-user.sh
. "$host_state_lib/service-user.sh"

NOTED=$STATE_DIR/host

firewall_tables() { nft list tables 2>/dev/null | awk '{print $2, $3}' | sort; }

# note_once NAME CMD...: keeps the output of the first call, even if another lab made it
note_once() {
  [[ -e $NOTED/$1 ]] && return 0
  mkdir -p "$NOTED"
  local dir
  while read -r dir; do
    [[ ! -e $dir/host/$1 ]] || {
      cp "$dir/host/$1" "$NOTED/$1"
      return
    }
  done < <(other_states)
  "${@:2}" >"$NOTED/$1.tmp"
  mv "$NOTED/$1.tmp" "$NOTED/$1"
}

note_host() {
  note_once ip-forward cat /proc/sys/net/ipv4/ip_forward
  note_once firewall-tables firewall_tables
  [[ ! -e /dev/kvm ]] || note_once kvm-mode stat -c '%g %a' /dev/kvm
}

# If its user cannot open /dev/kvm, libvirt probes QEMU on every call: 32 s per domain instead of 0.04 s.
kvm_mode_right() {
  [[ -c /dev/kvm ]] || return 0
  local mode
  mode=$(stat -c %a /dev/kvm)
  (((8#$mode & 8#060) == 8#060)) && [[ $(stat -c %G /dev/kvm) == kvm ]]
}

mend_kvm_mode() {
  kvm_mode_right && return 0
  local mode
  mode=$(stat -c %a /dev/kvm)
  say host "/dev/kvm has mode $mode, group $(stat -c %G /dev/kvm): setting group kvm, mode 660 (put back by destroy)"
  chgrp kvm /dev/kvm
  chmod 660 /dev/kvm
}

# users_there NAME...: those that this host has
users_there() {
  local user
  for user; do
    ! getent passwd "$user" >/dev/null || echo "$user"
  done
}

# QEMU's, by the distribution.
qemu_users() { users_there libvirt-qemu qemu; }

# Users who must reach files below the state directory: QEMU's disks, and the image builder's packages.
path_users() {
  qemu_users
  users_there _osbuild-composer
}

# acl_of RIGHTS USER...: the entry for setfacl, without rights for -x
acl_of() {
  local user
  for user in "${@:2}"; do echo "u:$user${1:+:$1}"; done | paste -sd,
}

# closed_folders: the state directory and those above it that not everybody may pass through
closed_folders() {
  local dir=$STATE_DIR mode
  while [[ -n $dir ]]; do
    mode=$(stat -c %a "$dir" 2>/dev/null) || mode=1
    (((8#$mode & 1) == 1)) || printf '%s\n' "$dir"
    dir=${dir%/*}
  done
}

open_path() {
  local dir users
  mapfile -t users < <(path_users)
  ((${#users[@]})) || return 0
  while read -r dir; do
    setfacl -m "$(acl_of --x "${users[@]}")" "$dir"
    mkdir -p "$NOTED"
    grep -qxF "$dir" "$NOTED/acl" 2>/dev/null || echo "$dir" >>"$NOTED/acl"
  done < <(closed_folders)
}

# needed_by_others DIR: does another lab's state lie below it? That lab noted the folder too, as closed to these users.
needed_by_others() {
  local state
  while read -r state; do
    [[ $state/ != "${1%/}"/* ]] || return 0
  done < <(other_states)
  return 1
}

close_path() {
  [[ -e $NOTED/acl ]] || return 0
  local dir users
  mapfile -t users < <(path_users)
  while read -r dir; do
    [[ ! -d $dir ]] || needed_by_others "$dir" || setfacl -x "$(acl_of '' "${users[@]}")" "$dir"
  done <"$NOTED/acl"
  rm -f "$NOTED/acl"
}

# libvirt leaves its chains behind when its networks are gone; remove only what did not exist before.
remove_firewall_leftovers() {
  [[ -e $NOTED/firewall-tables ]] || return 0
  local family table
  while read -r family table; do
    [[ $table =~ ^(filter|nat|mangle|raw|libvirt_network)$ ]] || continue
    nft delete table "$family" "$table"
  done < <(comm -13 "$NOTED/firewall-tables" <(firewall_tables))
}

restore_host() {
  local was group mode
  if [[ -e $NOTED/ip-forward ]]; then
    was=$(cat "$NOTED/ip-forward")
    [[ $(cat /proc/sys/net/ipv4/ip_forward) == "$was" ]] || echo "$was" >/proc/sys/net/ipv4/ip_forward
  fi
  if [[ -e $NOTED/kvm-mode && -e /dev/kvm ]]; then
    read -r group mode <"$NOTED/kvm-mode"
    chgrp "$group" /dev/kvm
    chmod "$mode" /dev/kvm
  fi
  close_path
}

# leave_host: removes this lab from the host. Needs libvirtd.sh and the labs' lock, because two may leave at once.
leave_host() {
  local others
  others=$(other_states | paste -sd' ')
  if [[ -n $others ]]; then
    say host "another lab needs it as it is ($others): the last one puts back what it was"
    libvirtd_hand_over
    close_path
  else
    libvirtd_destroy
    if [[ -d $NOTED ]]; then
      remove_firewall_leftovers
      restore_host
    fi
  fi
  # Users belong to the host, whatever namespace a lab is in. Notes in another folder, as tests have, do not know all.
  [[ -n ${EDGE_LABS_DIR:-} || -n $(labs_in '') ]] || remove_service_users
  rm -rf "$NOTED"
  labs_forget
}
