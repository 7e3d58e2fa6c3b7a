# What a killed Pulumi leaves behind: a lock that refuses the next run, and a note of what it was
# doing that warns at every run. The lab's commands converge from any half-done state, so both
# can go. Sourced after common.sh and state.sh.
# shellcheck shell=bash

lock_value() { sed -nE "s/.*\"$1\": ?\"?([^\",}]*).*/\\1/p" "$2"; }

# lock_is_dead FILE: made on this host by a Pulumi that no longer runs
lock_is_dead() {
  local pid
  pid=$(lock_value pid "$1")
  [[ -n $pid && $(lock_value hostname "$1") == "$(uname -n)" ]] || return 1
  # A zombie has ended too: whoever adopted it may never look after it.
  [[ $(cat "/proc/$pid/stat" 2>/dev/null) != "$pid (pulumi) "[^ZX]* ]]
}

repair_stack() {
  local lock dead=no
  for lock in "$EDGE_LAB_STATE"/pulumi/.pulumi/locks/organization/*/"${PULUMI_STACK##*/}"/*.json; do
    if [[ -f $lock ]] && lock_is_dead "$lock"; then
      rm -f "$lock"
      dead=yes
    fi
  done
  [[ $dead == no ]] || forget_pending
}

forget_pending() {
  local state
  say 'the last Pulumi was killed: its lock and its note of unfinished operations are removed'
  state=$(mktemp)
  (
    cd "$ROOT" || exit
    run_logged stack-export pulumi stack export --file "$state"
    run_logged forget-pending node -e '
      const fs = require("node:fs");
      const state = JSON.parse(fs.readFileSync(process.argv[1], "utf8"));
      delete state.deployment.pending_operations;
      fs.writeFileSync(process.argv[1], JSON.stringify(state));' "$state"
    run_logged stack-import pulumi stack import --file "$state"
  )
  rm -f "$state"
}
