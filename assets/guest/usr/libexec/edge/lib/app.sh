# shellcheck shell=bash
# The app as root sees it, without asking podman or the user manager: both cost seconds without KVM.

APP_USER=core
APP_UID=1000
APP_STORE=$ROOT/var/home/$APP_USER/.local/state/edge

# Sets APP_STATE: running, zero, no-image, or "failed: REASON" and what is done about it; plus any refused image.
read_app() {
  local refused slice=$ROOT/sys/fs/cgroup/user.slice/user-$APP_UID.slice/user@$APP_UID.service/app.slice
  local events=$slice/container-httpd.service/cgroup.events marks=$ROOT/run/user/$APP_UID/edge
  app_overdue "$marks/app-starting"
  if [[ -e $marks/app-broken || -n $OVERDUE ]]; then
    app_failure "$marks"
  elif [[ -r $events && $(<"$events") == *"populated 1"* ]]; then
    APP_STATE=running
  elif [[ -e $APP_STORE/image ]]; then
    APP_STATE=zero
  else
    APP_STATE=no-image
  fi
  edge_read refused "$APP_STORE/refused"
  [[ -z $refused ]] || APP_STATE+=", image refused: ${refused:0:80}"
}

# Has app-update set the app up in this boot?
app_prepared() { [[ -e $ROOT/run/user/$APP_UID/edge/app-prepared ]]; }

# app_overdue FILE: sets OVERDUE, not empty if podman should have started the container by now: vip-check's rule.
app_overdue() {
  local latest=""
  OVERDUE=""
  [[ -r $1 ]] || return 0
  read -r _ latest <"$1" || :
  [[ $latest =~ ^[0-9]{1,9}$ ]] || return 0
  edge_uptime
  ((UPTIME <= latest)) || OVERDUE=yes
}

# app_failure DIRECTORY: sets APP_STATE of an app that failed. The marks are the app's user's: any text may be there.
app_failure() {
  local why doing
  why="podman has not started the container in time"
  [[ ! -e $1/app-broken ]] || edge_read why "$1/app-broken" "it did not start"
  edge_read doing "$1/app-mending"
  why=${why//[^[:print:]]/?}
  doing=${doing//[^[:print:]]/?}
  APP_STATE="failed: ${why:0:160}"
  [[ -z $doing ]] || APP_STATE+="; ${doing:0:160}"
}

# proc_socket ADDRESS PORT: sets SOCKET as /proc/net/tcp writes it, with the address bytes reversed.
proc_socket() {
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  printf -v SOCKET '%02X%02X%02X%02X:%04X' "$d" "$c" "$b" "$a" "$2"
}

# find_sockets ADDRESS PORT STATES: does the address have sockets in one of these states (a pattern of kernel numbers)?
# Reads the kernel's table and connects to nothing. Sets SOCKETS to their number.
find_sockets() {
  local local_address state
  proc_socket "$1" "$2"
  SOCKETS=0
  while read -r _ local_address _ state _; do
    # shellcheck disable=SC2053 # a pattern
    [[ $local_address != "$SOCKET" || $state != $3 ]] || SOCKETS=$((SOCKETS + 1))
  done <"$ROOT/proc/net/tcp"
  ((SOCKETS > 0))
}
