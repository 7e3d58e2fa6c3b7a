# shellcheck shell=bash
# Progress on stderr, long tool output in a file. Needs STATE_DIR (paths.sh).

# What a terminal acts on, or a reader cannot see, as in protocol/text.ts. In a text with bytes that are none, bash
# compares byte by byte, which also takes other characters than ASCII.
UNPRINTABLE=$'[\u0001-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]'
# Elsewhere than in UTF-8 the \u above are letters.
[[ $'\u0080' != '\u0080' ]] || UNPRINTABLE=$'[\001-\010\013-\037\177]'

# printable TEXT: sets PRINTABLE to the text without those: logs hold what others asked of a service
printable() {
  PRINTABLE=$1
  # Until nothing is left of them: what stays must not become another one.
  while [[ $PRINTABLE == *$UNPRINTABLE* ]]; do PRINTABLE=${PRINTABLE//$UNPRINTABLE/}; done
}

# say PHASE TEXT...: one line of progress
say() {
  printable "$1: ${*:2}"
  printf '%s\n' "$PRINTABLE" >&2
}

# die TEXT...: prints one clear line and exits
die() {
  printable "$*"
  printf 'error: %s\n' "$PRINTABLE" >&2
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
    printable "$(tail -c "+$((start + 1))" "$log" | tail -n 20 | tr -d '\0' | sed 's/^/  /')"
    printf '%s\n' "$PRINTABLE" >&2
  fi
  return "$status"
}
