# shellcheck shell=bash
# Is the host as edge-host.sh left it? Changes nothing, and calls nothing slow. Needs drift.sh, paths.sh, host-state.sh,
# state-modes.sh, libvirtd.sh, nat.sh; the EDGE_ variables of edge-host.sh.

# kvm_drift: see mend_kvm_mode
kvm_drift() {
  kvm_mode_right || drift "/dev/kvm has mode $(stat -c '%a, group %G' /dev/kvm): libvirt's user cannot open it"
}

# path_drift: see open_path
path_drift() {
  local dir users user closed=() acl
  mapfile -t users < <(path_users)
  ((${#users[@]})) || return 0
  mapfile -t closed < <(closed_folders)
  ((${#closed[@]})) && tools getfacl || return 0
  for dir in "${closed[@]}"; do
    acl=$(getfacl -cpE "$dir" 2>/dev/null) || acl=''
    for user in "${users[@]}"; do
      [[ $acl == *"user:$user:"??x* ]] || drift "$user may not pass through $dir"
    done
  done
}

# notes_drift: destroy needs the notes that apply listed, to restore the host
notes_drift() {
  local name
  if [[ ! -e $NOTED/applied ]]; then
    drift "this host was never made ready, or the note of it is gone"
    return
  fi
  while read -r name; do
    [[ -e $NOTED/$name ]] || drift "host/$name is gone, which says what destroy puts back"
  done < <(tail -n +2 "$NOTED/applied")
}

# osbuild_drift: see osbuild_host_apply. Reads firewalld's files, because firewall-cmd is slow.
osbuild_drift() {
  local unit kind zone port
  for unit in "${OSBUILD_UNITS[@]}"; do
    timeout 2 systemctl --quiet is-active "$unit" || drift "$unit is not active"
    timeout 2 systemctl --quiet is-enabled "$unit" 2>/dev/null || drift "$unit is not enabled"
  done
  [[ ! -e $REGISTERED_MARK || -e ${EDGE_CONSUMER_CERTIFICATE:-/etc/pki/consumer/cert.pem} ]] ||
    drift "this host is not registered any longer"
  [[ -e $OSBUILD_NOTES ]] || return 0
  while read -r kind zone port; do
    [[ $kind == port ]] || continue
    grep -qs "port=\"${port%/*}\"" "${EDGE_FIREWALLD_DIR:-/etc/firewalld}/zones/$zone.xml" ||
      drift "port $port is closed in firewalld's zone $zone"
  done <"$OSBUILD_NOTES"
}

host_drift() {
  local answer
  answer=$(assets/host/packages.sh status 2>/dev/null) || answer=''
  # Copies its findings; the texts of packages.sh have neither quotes nor brackets.
  answer=${answer#*'"drift":['}
  answer=${answer%%']'*}
  while [[ $answer =~ \"([^\"]*)\" ]]; do
    drift "${BASH_REMATCH[1]}"
    answer=${answer#*"${BASH_REMATCH[0]}"}
  done
  notes_drift
  kvm_drift
  closed_drift
  path_drift
  nat_drift
  [[ ${EDGE_BUILDER:-} != osbuild ]] || osbuild_drift
}
