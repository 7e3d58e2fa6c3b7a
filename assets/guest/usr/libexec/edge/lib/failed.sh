# shellcheck shell=bash
# Commits that failed on this device, with the evidence: never taken again, and reported.

# failed_add COMMIT VERSION: takes the evidence from the verdicts of the boots that tried it.
failed_add() {
  local file=$STATE/failed.json records=("$STATE"/health/*.json) old='[]'
  [[ ! -s $file ]] || old=$(<"$file")
  [[ -e ${records[0]} ]] || records=()
  mkdir -p "$STATE"
  # shellcheck disable=SC2016 # jq's own variables
  jq -cn --arg commit "$1" --arg version "$2" --argjson old "$old" --argjson now "$EPOCHSECONDS" '
    [inputs | select(.commit == $commit)] | sort_by(.time) as $boots
    | ($boots | map(.checks[]? | select(.kind == "required" and .rc != 0)) | last) as $check
    | (if $check then
        {check: $check.name, output: "exit code \($check.rc)\n\($check.output)"}
      elif ($boots | length) > 0 then
        {check: "none", output: "no health result: hung or lost power after it had started"}
      else
        {check: "none", output: "no health result: kernel panic, hang or failure before the system had started"}
      end) as $evidence
    | ($old | map(select(.commit != $commit)))
      + [{commit: $commit, version: $version, time: $now, attempts: ($boots | length)} + $evidence]' \
    "${records[@]}" </dev/null >"$file.new"
  mv -f "$file.new" "$file"
  sync -f "$file"
}

# failed_forget CHECK: allows commits that failed this check again, because what the check requires has changed.
# Status 1 if there were none.
failed_forget() {
  local file=$STATE/failed.json
  [[ -s $file && $(<"$file") == *"\"$1\""* ]] || return 1
  # shellcheck disable=SC2016 # jq's own variables
  jq -c --arg check "$1" 'map(select(.check != $check))' "$file" >"$file.new"
  mv -f "$file.new" "$file"
  sync -f "$file"
}

# Forgets every failed commit and the verdicts of its boots, so that attempts count from one again. Sets FORGOTTEN, one
# commit per line.
failed_forget_all() {
  local file=$STATE/failed.json record commit
  FORGOTTEN=""
  [[ -s $file ]] || return 0
  FORGOTTEN=$(jq -r '[.[].commit] | unique[]' "$file")
  [[ -z $FORGOTTEN ]] || FORGOTTEN+=$'\n'
  for record in "$STATE"/health/*.json; do
    [[ -e $record ]] || continue
    for commit in $FORGOTTEN; do
      [[ $(<"$record") != *"\"commit\":\"$commit\""* ]] || rm -f -- "$record"
    done
  done
  printf '[]\n' >"$file.new"
  mv -f "$file.new" "$file"
  sync -f "$file"
}
