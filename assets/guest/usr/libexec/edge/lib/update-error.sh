# shellcheck shell=bash
# Why the target could not be fetched or staged, for the reports: every cycle tries the same commit again.

UPDATE_ERROR=$RUN/update-error.json

# update_error_add COMMIT TEXT: counts the attempts at one commit.
update_error_add() {
  local attempts=0
  if [[ -s $UPDATE_ERROR && $(<"$UPDATE_ERROR") == *"\"$1\""* ]]; then
    attempts=$(jq .attempts "$UPDATE_ERROR")
  fi
  # shellcheck disable=SC2016 # jq's own variables
  edge_put "$UPDATE_ERROR" "$(jq -cn --arg commit "$1" --arg output "$2" --argjson attempts $((attempts + 1)) \
    '{$commit, $output, $attempts}')"
}

# Status 1 if there was none.
update_error_clear() {
  [[ -e $UPDATE_ERROR ]] || return 1
  rm -f "$UPDATE_ERROR"
}
