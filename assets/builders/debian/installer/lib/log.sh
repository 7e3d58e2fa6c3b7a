# shellcheck shell=dash
# Progress lines for the console and its reader, a log of what the tools say, and the end after a failure.

LOG=${LOG:-/run/installer.log}
: >"$LOG"

# step TEXT: "edge-install: <seconds since power-on> TEXT"
step() {
  STEP=$*
  read -r uptime _ </proc/uptime
  echo "edge-install: $uptime $*"
}

# quiet CMD...: the output goes to the log
quiet() {
  echo "+ $*" >>"$LOG"
  "$@" >>"$LOG" 2>&1
}

# failed REASON: the last lines of the log, then power off (no key, no shell: this machine is unattended)
failed() {
  trap - EXIT
  set +e
  echo "edge-install: FAILED: $*"
  tail -n 15 "$LOG" | sed 's/^/  /'
  sync
  sleep 1
  poweroff -f
}

# need_ok REASON CMD...: quiet, and the end when it fails
need_ok() {
  reason=$1
  shift
  quiet "$@" || failed "$reason"
}
