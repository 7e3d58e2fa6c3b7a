# shellcheck shell=bash source-path=SCRIPTDIR
# Long-running programs of the lab: systemd units if systemd is PID 1, else one supervisord.
# Needs paths.sh, log.sh, wait.sh.
#
#   service_apply NAME CMD...   runs CMD from now on; restarts it if CMD or a file in
#                               SERVICE_FILES (array of paths, optional) has changed since it started
#   service_stop NAME           stops it until the next service_apply, or until the host restarts
#   service_remove NAME         stops it; the last one removes the supervisor and its files too
#   service_running NAME        status 0 if it runs
#
# A small launcher (services/NAME.run) starts each program. It holds a lock file open, which every child
# inherits: by that file, whatever a SIGKILL left behind is found and ended before the next start, without
# trusting a stored process id.

service_lib=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=holders.sh
. "$service_lib/holders.sh"

# shellcheck source=owner.sh
. "$service_lib/owner.sh"

service_manager=supervisor
[[ -d /run/systemd/system ]] && service_manager=systemd
service_manager=${EDGE_SERVICE_MANAGER:-$service_manager}
# shellcheck source=service-supervisor.sh
. "$service_lib/service-$service_manager.sh"

SERVICE_DIR=$STATE_DIR/services
declare -ga SERVICE_FILES=()

# The state directory itself is the lock, so no lock file remains.
service_locked() (
  mkdir -p "$STATE_DIR"
  exec 8<"$STATE_DIR"
  flock -w 60 8 || die "another run holds the services of $STATE_DIR"
  "$@"
)

# The network namespace counts too: a service from a namespace that is gone must restart in this one.
service_fingerprint() {
  {
    printf '%q ' "$@"
    stat -Lc %i /proc/self/ns/net
    ((${#SERVICE_FILES[@]} == 0)) || sha256sum -- "${SERVICE_FILES[@]}"
  } | sha256sum | cut -c1-16
}

# service_launcher NAME FINGERPRINT CMD...
service_launcher() {
  local name=$1 fingerprint=$2
  shift 2
  cat <<RUN
#!/usr/bin/env bash
# Starts the lab's service "$name"; written by service.sh.
set -euo pipefail
$(declare -f holders end_holders)
cd -- $(printf %q "$SERVICE_DIR")
end_holders "\$(pwd -P)/$name.lock"
exec 9>>$name.lock
flock -n 9
echo $fingerprint >$name.started
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LANG=C.UTF-8 \\
  $(printf '%q ' "$@")
RUN
}

service_apply() { service_locked service_apply_locked "$@"; }
service_apply_locked() {
  local name=$1 fingerprint run=$SERVICE_DIR/$1.run
  shift
  fingerprint=$(service_fingerprint "$@")
  mkdir -p "$SERVICE_DIR" "$STATE_DIR/log"
  service_launcher "$name" "$fingerprint" "$@" >"$run.new"
  mv "$run.new" "$run"
  manager_ensure "$name"
  if ! manager_running "$name"; then
    say service "$name starts"
    manager_start "$name"
  elif [[ $(cat "$SERVICE_DIR/$name.started" 2>/dev/null) != "$fingerprint" ]]; then
    say service "$name changed: restarts"
    manager_restart "$name"
  fi
}

service_remove() { service_locked service_remove_locked "$@"; }
service_remove_locked() {
  local name=$1
  manager_remove "$name"
  [[ -d $SERVICE_DIR ]] || return 0
  end_holders "$(cd "$SERVICE_DIR" && pwd -P)/$name.lock"
  rm -f "$SERVICE_DIR/$name".{run,run.new,lock,started}
  if ! compgen -G "$SERVICE_DIR/*.run" >/dev/null; then
    manager_finish
    rm -rf "$SERVICE_DIR"
  fi
}

service_stop() { service_locked manager_stop "$1"; }

service_running() { manager_running "$1"; }
