# shellcheck shell=bash
# What host scripts need of NetworkManager: facts about a device, copies of a profile's settings, checkpoints.
# Checkpoints use D-Bus: nmcli has them only since 1.52; Debian 12 and RHEL 9 have older versions.

NM_BUS=(org.freedesktop.NetworkManager /org/freedesktop/NetworkManager org.freedesktop.NetworkManager)
# DELETE_NEW_CONNECTIONS and DISCONNECT_NEW_DEVICES: a rollback removes what came later.
NM_CHECKPOINT_FLAGS=6

nm_runs() { command -v nmcli >/dev/null && [[ $(LC_ALL=C nmcli -t -f RUNNING general 2>/dev/null) == running ]]; }

# nm_device DEVICE FIELD: e.g. GENERAL.STATE; empty if NetworkManager does not know the device
nm_device() { LC_ALL=C nmcli -e no -g "$2" device show "$1" 2>/dev/null; }

# nm_has UUID: does the profile exist?
nm_has() { nmcli -g connection.uuid connection show uuid "$1" >/dev/null 2>&1; }

# nm_active UUID: is it in use?
nm_active() { [[ $(LC_ALL=C nmcli -g GENERAL.STATE connection show uuid "$1" 2>/dev/null) == activated ]]; }

nm_delete() { ! nm_has "$1" || nmcli connection delete uuid "$1" >/dev/null; }

# nm_copied UUID: fills COPIED with the profile's IP settings and all else that belongs to the network and not the
# interface, as arguments for `nmcli connection add`
nm_copied() {
  local line key value
  COPIED=()
  while IFS= read -r line; do
    key=${line%%:*}
    value=${line#*:}
    case $key in
      ipv4.* | ipv6.* | proxy.* | connection.zone | connection.mdns | connection.llmnr | connection.dns-over-tls | \
        connection.metered | connection.stable-id | connection.gateway-ping-timeout) ;;
      *) continue ;;
    esac
    [[ -z $value ]] || COPIED+=("$key" "$value")
  done < <(LC_ALL=C nmcli -t -e no -f ipv4,ipv6,proxy,connection connection show uuid "$1")
  ((${#COPIED[@]}))
}

# nm_dhcp_identity DEVICE: the client identifier of the device's lease; empty without a lease
nm_dhcp_identity() {
  LC_ALL=C nmcli -t -e no -f DHCP4 device show "$1" | sed -n 's/^.*:dhcp_client_identifier = //p'
}

nm_call() { busctl --system --timeout=30 call "${NM_BUS[@]}" "$@"; }

# A restarted NetworkManager counts from 1 again: this tells the instances apart.
nm_instance() {
  busctl --system call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetNameOwner s "${NM_BUS[0]}"
}

# nm_checkpoint SECONDS FILE: NetworkManager reverts everything after SECONDS unless told otherwise. FILE records the
# checkpoint.
nm_checkpoint() {
  local answer instance
  instance=$(nm_instance)
  # An empty list means every device: with only some, the flags would disconnect the others.
  answer=$(nm_call CheckpointCreate aouu 0 "$1" "$NM_CHECKPOINT_FLAGS") || return
  answer=${answer#o \"}
  printf '%s\n' "${answer%\"}" "$instance" >"$2.new"
  mv "$2.new" "$2"
}

# nm_end_checkpoint FILE keep|revert: an expired checkpoint needs no revert
nm_end_checkpoint() {
  [[ -e $1 ]] || return 0
  local path instance method=CheckpointDestroy
  { read -r path && read -r instance; } <"$1"
  [[ $2 == keep ]] || method=CheckpointRollback
  if [[ $instance == "$(nm_instance)" && " $(busctl --system get-property "${NM_BUS[@]}" Checkpoints) " == *"\"$path\""* ]]; then
    nm_call "$method" o "$path" >/dev/null
  elif [[ $2 == keep ]]; then
    return 1
  fi
  rm -f "$1"
}
