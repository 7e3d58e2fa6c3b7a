#!/usr/bin/env bash
# The boot ISO of one role. apply reads {role, kickstart, kernelArgs, ...} on stdin; the kickstart holds a password hash.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/builder.sh
. assets/host/lib/builder.sh
: "${EDGE_ROLE:?primary or backup}"

ISO=$STATE_DIR/iso/edge-$EDGE_ROLE.iso
# Size and mtime when it was made: hashing the whole file for each status would take too long.
MADE=$STATE_DIR/iso/.edge-$EDGE_ROLE.made

iso_stamp() { stat -c '%s %.9Y' "$ISO" 2>/dev/null; }

apply() {
  local answer
  answer=$(builder make-iso)
  iso_stamp >"$MADE.new" || die "the builder made no $ISO"
  mv "$MADE.new" "$MADE"
  printf '%s\n' "$answer"
}

destroy() { rm -f "$ISO" "$MADE"; }

status() {
  local stamp made
  stamp=$(iso_stamp) || stamp=''
  if [[ -z $stamp ]]; then
    drift "the ISO is gone"
  else
    read_line made "$MADE" || :
    [[ $stamp == "$made" ]] || drift "the ISO is not the file that was made"
  fi
  status_result bytes "$((${stamp%% *} + 0))"
}

run_verb "$@"
