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

# listening ADDRESS PORT: is there a listener, read from the kernel's table without connecting to it.
listening() {
  local address port a b c d local_address state
  IFS=. read -r a b c d <<<"$1"
  printf -v address '%02X%02X%02X%02X' "$d" "$c" "$b" "$a"
  printf -v port '%04X' "$2"
  while read -r _ local_address _ state _; do
    if [[ $state == 0A && ($local_address == "$address:$port" || $local_address == "00000000:$port") ]]; then
      return 0
    fi
  done <"$ROOT/proc/net/tcp"
  return 1
}
