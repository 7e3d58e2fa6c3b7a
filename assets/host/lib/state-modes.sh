# shellcheck shell=bash
# Who may enter the state directory: root and its owner, and, as far as they need it, the users that host-state.sh's
# path_users names. Other users of this host read nothing below it: disks, ISOs, Pulumi's state, logs. Needs host-state.sh.

# Folders with files that QEMU's user opens.
QEMU_FOLDERS=(pool iso)

# close_state: by ACL, because a plain chmod would take the way from a running QEMU for a moment
close_state() {
  local name user users=()
  mkdir -p "$STATE_DIR"
  setfacl -m g::---,o::--- -- "$STATE_DIR"
  mapfile -t users < <(qemu_users)
  for name in "${QEMU_FOLDERS[@]}"; do
    [[ -d $STATE_DIR/$name ]] || continue
    for user in "${users[@]}"; do setfacl -m "u:$user:--x" -- "$STATE_DIR/$name"; done
    setfacl -m g::---,o::--- -- "$STATE_DIR/$name"
    # libvirt makes each file its own user's before QEMU opens it. The provider makes disks with 0644.
    find "$STATE_DIR/$name" -maxdepth 1 -type f -perm /077 -exec chmod go-rwx {} +
  done
  for name in pulumi config; do
    [[ ! -d $STATE_DIR/$name ]] || chmod go-rwx "$STATE_DIR/$name"
  done
}

# closed_drift: see close_state
closed_drift() {
  local mode
  [[ -d $STATE_DIR ]] || return 0
  mode=$(stat -c %a "$STATE_DIR")
  (((8#$mode & 8#007) == 0)) || drift "other users may enter the state directory (mode $mode)"
}
