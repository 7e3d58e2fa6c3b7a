# shellcheck shell=bash
# Why the target could not be fetched, staged or finalised, for the reports: every cycle tries the same commit again, the
# more rarely the more often it failed. Needs edge.sh.

UPDATE_ERROR=$RUN/update-error.json
# Seconds since the boot before which the same commit is not tried again.
UPDATE_PAUSE=$RUN/update-pause
# From the attempt after this one on there are pauses; the first ones may meet a depot that is just restarting.
PAUSE_AFTER=3
PAUSE_FIRST=60
PAUSE_LONGEST=600

# Sets UPDATE_ATTEMPTS, at COMMIT: failures so far, 0 if it has not failed or another one did.
update_attempts() {
  UPDATE_ATTEMPTS=0
  [[ -s $UPDATE_ERROR && $(<"$UPDATE_ERROR") == *"\"$1\""* ]] || return 0
  UPDATE_ATTEMPTS=$(jq .attempts "$UPDATE_ERROR")
}

# update_error_put COMMIT TEXT ATTEMPTS
update_error_put() {
  # shellcheck disable=SC2016 # jq's own variables
  edge_put "$UPDATE_ERROR" "$(jq -cn --arg commit "$1" --arg output "$2" --argjson attempts "$3" \
    '{$commit, $output, $attempts}')"
}

# update_error_add COMMIT TEXT: counts the attempts at one commit, and sets the pause before the next one.
update_error_add() {
  local pause=$PAUSE_FIRST i
  update_attempts "$1"
  UPDATE_ATTEMPTS=$((UPDATE_ATTEMPTS + 1))
  update_error_put "$1" "$2" "$UPDATE_ATTEMPTS"
  ((UPDATE_ATTEMPTS >= PAUSE_AFTER)) || return 0
  for ((i = PAUSE_AFTER; i < UPDATE_ATTEMPTS && pause < PAUSE_LONGEST; i++)); do pause=$((pause * 2)); done
  edge_uptime
  edge_put "$UPDATE_PAUSE" "$((UPTIME + (pause < PAUSE_LONGEST ? pause : PAUSE_LONGEST)))"
}

# update_paused COMMIT: is it too early to try it again?
update_paused() {
  local until
  edge_number until "$UPDATE_PAUSE" 0
  edge_uptime
  ((UPTIME < until)) || return 1
  update_attempts "$1"
  ((UPDATE_ATTEMPTS > 0))
}

# Status 1 if there was none.
update_error_clear() {
  rm -f "$UPDATE_PAUSE"
  [[ -e $UPDATE_ERROR ]] || return 1
  rm -f "$UPDATE_ERROR"
}
