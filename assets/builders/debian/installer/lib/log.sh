# shellcheck shell=dash
# Progress lines for the console and its reader, a log of the tools' output, and the exit after a failure.

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

# failed REASON: shows the end of the log, then powers off (no key, no shell: this machine is unattended)
failed() {
  trap - EXIT
  set +e
  echo "edge-install: FAILED: $*"
  tail -n 15 "$LOG" | sed 's/^/  /'
  sync
  sleep 1
  poweroff -f
}

# need_ok REASON CMD...: quiet, and failed if CMD fails
need_ok() {
  reason=$1
  shift
  quiet "$@" || failed "$reason"
}
