#!/usr/bin/env bash
# The other end of remote.sh, on the lab's host as root: remote-run.sh PROGRAM VERB... Its standard input carries the
# program's environment (NAME=VALUE entries, each NUL-terminated, then an empty one) and the program's own input,
# NUL-terminated; after that, a keepalive every few seconds. Without one the caller is gone, so the program and all
# that it started are ended. No value appears on a command line or in a file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# end_group PID: sends the process's group SIGTERM, and SIGKILL after 5 s
end_group() {
  local signal
  for signal in TERM KILL; do
    kill -s "$signal" -- "-$1" 2>/dev/null || return 0
    for _ in {1..50}; do
      kill -s 0 -- "-$1" 2>/dev/null || return 0
      sleep 0.1
    done
  done
}

main() {
  local pair input child watcher status=0
  PATH=$PWD/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  export HOME=/root LC_ALL=C.UTF-8 PATH
  unset LANGUAGE
  umask 022
  while IFS= read -r -d '' pair && [[ -n $pair ]]; do export "${pair?}"; done
  IFS= read -r -d '' input || exit 1
  exec 3<&0
  setsid "$@" < <(printf '%s' "$input") 3<&- &
  child=$!
  {
    while read -r -t "${EDGE_SILENCE_SECONDS:-60}" -u 3 _; do :; done
    end_group "$child"
  } >/dev/null 2>&1 &
  watcher=$!
  exec 3<&-
  wait "$child" || status=$?
  kill "$watcher" 2>/dev/null || [[ ! -d /proc/$watcher ]]
  exit "$status"
}

main "$@"
