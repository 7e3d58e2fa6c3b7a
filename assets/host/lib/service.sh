# shellcheck shell=bash source-path=SCRIPTDIR
# Long-running programs of the lab: systemd units if systemd is PID 1, else one supervisord.
# Needs paths.sh, log.sh, wait.sh.
#
#   service_apply NAME CMD...   runs CMD from now on; restarts it when CMD or a file in
#                               SERVICE_FILES (array of paths, optional) has changed since it started, or a folder
#                               in SERVICE_MOUNTS (service-sandbox.sh) is not the one that it was given; with
#                               SERVICE_GUARD only the network of that address reaches it (service-guard.sh)
#   service_stop NAME           ends it until the next service_apply, or the host's next start
#   service_remove NAME         ends it; the last one takes the supervisor and its files with it
#   service_running NAME        status 0 when it runs
#   service_renew NAME          the next service_apply restarts it even if nothing changed
#   service_drift NAME          adds to DRIFT (drift.sh) what differs from how service_apply left it
#
# A small launcher (services/NAME.run) starts each program. It holds a lock file open, which every child
# inherits: by that file, whatever a SIGKILL left behind is found and ended before the next start, without
# trusting a stored process id.

service_lib=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=holders.sh
. "$service_lib/holders.sh"

# shellcheck source=owner.sh
. "$service_lib/owner.sh"

# shellcheck source=service-guard.sh
. "$service_lib/service-guard.sh"

service_manager=supervisor
[[ -d /run/systemd/system ]] && service_manager=systemd
service_manager=${EDGE_SERVICE_MANAGER:-$service_manager}
# shellcheck source=service-supervisor.sh
. "$service_lib/service-$service_manager.sh"

SERVICE_DIR=$STATE_DIR/services
declare -ga SERVICE_FILES=()
SERVICE_GUARD='' SERVICE_MOUNTS=()

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
    ((${#SERVICE_MOUNTS[@]} == 0)) || stat -Lc '%d %i' -- "${SERVICE_MOUNTS[@]}"
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
$(manager_launcher "$name")
exec 9>>$name.lock
flock -n 9
$(guard_launcher "$name")
echo $fingerprint >$name.started
# The last few starts: a program that comes and goes is seen by them.
starts=()
[[ ! -e $name.starts ]] || mapfile -t starts <$name.starts
printf -v now '%(%s)T' -1
starts+=("\$now")
((\${#starts[@]} <= 8)) || starts=("\${starts[@]: -8}")
printf '%s\n' "\${starts[@]}" >$name.starts
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
  # The running program may come from a launcher that somebody changed.
  cmp -s "$run.new" "$run" || service_renew "$name"
  mv "$run.new" "$run"
  rm -f "$SERVICE_DIR/$name.starts"
  manager_ensure "$name"
  if ! manager_running "$name"; then
    say service "$name starts"
    manager_start "$name"
  elif [[ $(cat "$SERVICE_DIR/$name.started" 2>/dev/null) != "$fingerprint" ]]; then
    say service "$name changed: restarts"
    manager_restart "$name"
  fi
  guard_apply "$name"
  service_note "$name"
}

# service_note NAME: records hashes of the service's own files; the project's files change with the project
service_note() {
  local file files=("$SERVICE_DIR/$1.run")
  mapfile -t -O 1 files < <(manager_files "$1")
  for file in "${SERVICE_FILES[@]}"; do
    [[ $file != "$STATE_DIR"/* ]] || files+=("$file")
  done
  sha256sum -- "${files[@]}" >"$SERVICE_DIR/$1.applied.new"
  mv "$SERVICE_DIR/$1.applied.new" "$SERVICE_DIR/$1.applied"
}

service_renew() { rm -f "$SERVICE_DIR/$1.started"; }

# A service that keeps failing, not one that the manager restarted once.
LOOP_STARTS=4
LOOP_SECONDS=60

service_drift() {
  local line file starts=() now
  manager_drift "$1"
  if [[ -e $SERVICE_DIR/$1.applied ]]; then
    while IFS= read -r line; do
      file=${line#\\}
      file=${file%: FAILED*}
      drift "${file##*/} of the service $1 was changed or removed"
    done < <(LC_ALL=C sha256sum --check --quiet -- "$SERVICE_DIR/$1.applied" 2>/dev/null)
  elif [[ -d $SERVICE_DIR ]]; then
    drift "services/$1.applied is gone, which says how the service $1 was set up"
  fi
  [[ ! -r $SERVICE_DIR/$1.starts ]] || mapfile -t starts <"$SERVICE_DIR/$1.starts"
  printf -v now '%(%s)T' -1
  ((${#starts[@]} < LOOP_STARTS || starts[-LOOP_STARTS] < now - LOOP_SECONDS)) ||
    drift "the service $1 does not stay up: it is started again and again"
}

service_remove() { service_locked service_remove_locked "$@"; }
service_remove_locked() {
  local name=$1
  manager_remove "$name"
  [[ -d $SERVICE_DIR ]] || return 0
  end_holders "$(cd "$SERVICE_DIR" && pwd -P)/$name.lock"
  guard_remove "$name"
  rm -f "$SERVICE_DIR/$name".{run,run.new,lock,started,starts,applied,applied.new}
  if ! compgen -G "$SERVICE_DIR/*.run" >/dev/null; then
    manager_finish
    rm -rf "$SERVICE_DIR"
  fi
}

service_stop() { service_locked manager_stop "$1"; }

service_running() { manager_running "$1"; }
