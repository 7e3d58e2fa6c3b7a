# shellcheck shell=bash
# Commits that failed on this device, with the evidence: never taken again, and reported. Needs edge.sh.
# The file may be damaged like any other: what cannot be read of it counts as not there.

FAILED=$STATE/failed.json
# A report takes no more.
FAILED_MOST=32
# For jq: the list in the file whose text is $old, without what is no record of a failure.
# shellcheck disable=SC2016 # jq's own variables
FAILED_LIST='($old | fromjson? // []) | if type == "array" then . else [] end
  | map(select(type == "object" and (.commit | type == "string" and test("\\A[0-9a-f]{64}\\z"))))'

# failed_file: sets FAILED_FILE to what can be read, also if there is none.
failed_file() {
  FAILED_FILE=$FAILED
  [[ -r $FAILED_FILE ]] || FAILED_FILE=/dev/null
}

# failed_put COMMIT VERSION CAUSE CHECK OUTPUT ATTEMPTS: CHECK is the failed health check, none if it was something else.
failed_put() {
  local list
  failed_file
  # shellcheck disable=SC2016 # jq's own variables
  list=$(jq -cn --rawfile old "$FAILED_FILE" --arg commit "$1" --arg version "$2" --arg cause "$3" --arg check "$4" \
    --arg output "$5" --argjson attempts "$6" --argjson now "$EPOCHSECONDS" --argjson most "$FAILED_MOST" "
    $FAILED_LIST"' | map(select(.commit != $commit))
    + [{commit: $commit, version: $version, time: $now, attempts: $attempts, cause: $cause, check: $check,
      output: $output}] | .[-$most:]')
  edge_keep "$FAILED" "$list"
}

# failed_add COMMIT VERSION: the boot loader has given it up. Takes the evidence from the verdicts of the boots that
# tried it and from how the boot loader saw them end. Status 1, and nothing is kept, if only the power failed: that is
# not the commit's fault. Needs grubenv.sh and boot-end.sh.
failed_add() {
  local records=() file summary boots result name output stage=early cause check seconds attempts
  for file in "$STATE"/health/*.json; do
    [[ ! -r $file ]] || records+=("$(tr -d '\0' <"$file")")
  done
  # shellcheck disable=SC2016 # jq's own variables
  summary=$(jq -nr --arg commit "$1" '
    [$ARGS.positional[] | fromjson? | select(type == "object" and .commit == $commit)] | sort_by(.time) as $boots
    | ($boots | map(select(.result == "deadline")) | last) as $late
    | ($boots | map(.checks[]? | select(.kind == "required" and .rc != 0)) | last) as $check
    | ($boots | length),
      (if $check then "check", $check.name, "exit code \($check.rc)\n\($check.output)"
       elif $late then "deadline", "none", "no health result within \($late.uptime) s: a unit hung, or was too slow"
       else "", "none", "" end)' --args -- "${records[@]}")
  { IFS= read -r boots && IFS= read -r result && IFS= read -r name && IFS= read -r -d '' output; } <<<"$summary" || :
  read_boot_ends
  attempts=$boots check=$name cause=$result output=${output%$'\n'}
  ((${#BOOT_ENDS} <= attempts)) || attempts=${#BOOT_ENDS}
  if [[ -z $cause ]]; then
    ! only_power_cuts || return 1
    ((boots == 0)) || stage=system
    grubenv_value seconds boot_watchdog_seconds '[0-9]+'
    describe_ends "$stage" "$seconds"
    cause=$END_CAUSE output="no health result: $END_TEXT"
  fi
  failed_put "$1" "$2" "$cause" "$check" "$output" "$attempts"
}

# failed_forget CHECK: allows commits that failed this check again, because what the check requires has changed.
# Status 1 if there were none.
failed_forget() {
  local list
  [[ -s $FAILED && $(<"$FAILED") == *"\"$1\""* ]] || return 1
  # shellcheck disable=SC2016 # jq's own variables
  list=$(jq -cn --rawfile old "$FAILED" --arg check "$1" "$FAILED_LIST"' | map(select(.check != $check))')
  edge_keep "$FAILED" "$list"
}

# Forgets every failed commit and the verdicts of its boots, so that attempts count from one again. Sets FORGOTTEN, one
# commit per line.
failed_forget_all() {
  local record commit
  FORGOTTEN=""
  [[ -s $FAILED ]] || return 0
  FORGOTTEN=$(jq -rn --rawfile old "$FAILED" "$FAILED_LIST | [.[].commit] | unique[]")
  [[ -z $FORGOTTEN ]] || FORGOTTEN+=$'\n'
  for record in "$STATE"/health/*.json; do
    [[ -e $record ]] || continue
    for commit in $FORGOTTEN; do
      [[ $(<"$record") != *"\"commit\":\"$commit\""* ]] || rm -f -- "$record"
    done
  done
  edge_keep "$FAILED" '[]'
}
