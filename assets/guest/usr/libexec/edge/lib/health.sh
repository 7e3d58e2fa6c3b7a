# shellcheck shell=bash
# The verdict of each boot, with the output of failed checks, in /var: it outlives a rollback. Needs edge.sh.

HEALTH_CHECKS=()

# Sets HEALTH_FILE. If /var takes nothing, the record of this boot is in /run: a verdict is needed all the same.
health_file() {
  edge_boot_id
  HEALTH_FILE=$STATE/health/$BOOT_ID.json
  [[ ! -e $RUN/health.json ]] || HEALTH_FILE=$RUN/health.json
}

# health_write TEXT: replaces the record.
health_write() {
  mkdir -p "${HEALTH_FILE%/*}" || :
  if printf '%s\n' "$1" >"$HEALTH_FILE.new" && mv -f "$HEALTH_FILE.new" "$HEALTH_FILE"; then
    return 0
  fi
  edge_log 4 "the record of this boot could not be written to $HEALTH_FILE: kept in /run"
  rm -f "$HEALTH_FILE.new"
  HEALTH_FILE=$RUN/health.json
  printf '%s\n' "$1" >"$HEALTH_FILE"
}

# Tells a boot that ends without a verdict from one that never came this far. Needs deployments.sh.
health_begin() {
  local text
  health_file
  [[ ! -s $HEALTH_FILE ]] || return 0
  read_booted
  read_booted_version
  printf -v text '{"bootId":"%s","commit":"%s","version":"%s","time":%d,"result":"pending","checks":[]}' \
    "$BOOT_ID" "$BOOTED_COMMIT" "$BOOTED_VERSION" "$EPOCHSECONDS"
  health_write "$text"
  edge_put "$RUN/health" pending
}

# health_record KIND NAME RC OUTPUT: KIND is required.d or wanted.d. Only failures carry their output.
health_record() {
  local output=""
  (($3 == 0)) || edge_tail output "$4" 2000
  HEALTH_CHECKS+=("${1%.d}" "$2" "$3" "$output")
}

# health_end RESULT: green, red, or deadline for a boot that got no verdict in time.
health_end() {
  local text
  health_begin
  edge_uptime
  # shellcheck disable=SC2016 # jq's own variables
  text=$(jq -cnR --rawfile old "$HEALTH_FILE" --arg bootId "$BOOT_ID" --arg result "$1" --argjson uptime "$UPTIME" \
    '($old | fromjson? // {$bootId}) + {$result, $uptime, checks: [$ARGS.positional | _nwise(4) | select(length == 4) |
      {kind: .[0], name: .[1], rc: (.[2] | tonumber), output: .[3]}]}' \
    --args -- "${HEALTH_CHECKS[@]}")
  health_write "$text"
  sync "$HEALTH_FILE"
}

# health_verdict green|red
health_verdict() {
  health_end "$1"
  edge_put "$RUN/health" "$1"
  health_prune
}

# Does this boot have a verdict? A red device takes an update too: that may repair it.
boot_judged() {
  edge_is "$RUN/health" green || edge_is "$RUN/health" red
}

# Judged, and no further attempt follows: a red verdict with an armed boot counter means a reboot.
# Needs grubenv.sh.
boot_settled() {
  edge_is "$RUN/health" green && return 0
  read_boot_counter
  edge_is "$RUN/health" red && [[ -z $BOOT_COUNTER ]]
}

# Keeps the newest twenty boots, and this one whatever the clock says.
health_prune() {
  local file count=0
  while IFS= read -r file; do
    count=$((count + 1))
    ((count <= 20)) || [[ $file == "$HEALTH_FILE" ]] || rm -f -- "$file"
  done < <(ls -1t -- "$STATE"/health/*.json)
}
