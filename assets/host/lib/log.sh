# shellcheck shell=bash
# Progress on stderr, long tool output in a file. Needs STATE_DIR (paths.sh).

# say PHASE TEXT...: one line of progress
say() { printf '%s: %s\n' "$1" "${*:2}" >&2; }

# die TEXT...: prints one clear line and exits
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# run_logged NAME CMD...: output goes to STATE_DIR/log/NAME.log; its tail is shown when CMD fails
run_logged() {
  local log=$STATE_DIR/log/$1.log status=0 start=0
  shift
  mkdir -p "${log%/*}"
  if [[ -f $log ]]; then
    start=$(stat -c %s "$log")
    if ((start > 4 << 20)); then
      mv "$log" "$log.1"
      start=0
    fi
  fi
  "$@" >>"$log" 2>&1 || status=$?
  if ((status != 0)); then
    printf 'error: %s ended with status %s; the end of %s:\n' "${1##*/}" "$status" "$log" >&2
    tail -c "+$((start + 1))" "$log" | tail -n 20 | sed 's/^/  /' >&2
  fi
  return "$status"
}
