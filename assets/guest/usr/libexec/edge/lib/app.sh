# shellcheck shell=bash
# The app as root sees it, without asking podman or the user's manager: both cost seconds without KVM.

APP_USER=core
APP_UID=1000

app_state() {
  local cgroup=$ROOT/sys/fs/cgroup/user.slice/user-$APP_UID.slice/user@$APP_UID.service/app.slice
  if [[ -r $cgroup/container-httpd.service/cgroup.events &&
    $(<"$cgroup/container-httpd.service/cgroup.events") == *"populated 1"* ]]; then
    printf running
  elif [[ -e $ROOT/var/home/$APP_USER/.local/state/edge/image ]]; then
    printf zero
  else
    printf no-image
  fi
}

# The digest that was refused, where the last update of the app was.
app_refused() {
  edge_value "$ROOT/var/home/$APP_USER/.local/state/edge/refused" ""
}

# proc_socket ADDRESS PORT: as /proc/net/tcp writes it, the address with its bytes reversed.
proc_socket() {
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  printf '%02X%02X%02X%02X:%04X' "$d" "$c" "$b" "$a" "$2"
}

# listening ADDRESS PORT: is there a listener, read from the kernel's table without connecting to it.
listening() {
  local socket local_address state
  socket=$(proc_socket "$1" "$2")
  while read -r _ local_address _ state _; do
    [[ $state != 0A || $local_address != "$socket" ]] || return 0
  done <"$ROOT/proc/net/tcp"
  return 1
}
