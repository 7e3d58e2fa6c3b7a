# shellcheck shell=bash
# The device's state as JSON: what it reports and what `status --json` prints.

# deployment_json ROLE: {"commit","version"} or null. Both are plain words: a commit and a version number.
deployment_json() {
  local commit version role
  while IFS=$'\t' read -r _ commit version role; do
    if [[ $role == "$1" || ($1 == rollback && $role == pending) ]]; then
      printf '{"commit":"%s","version":"%s"}' "$commit" "$version"
      return 0
    fi
  done <<<"$2"
  printf null
}

# device_state EVENT [HEALTH]
device_state() {
  local list counter vip=false failed='[]'
  list=$(deployments)
  counter=$(grubenv_get boot_counter)
  [[ $(edge_value "$RUN/vip" no) == yes ]] && vip=true
  [[ -s $STATE/failed.json ]] && failed=$(<"$STATE/failed.json")
  # shellcheck disable=SC2016 # jq's own variables
  jq -cn --arg device "$EDGE_NAME" --arg bootId "$(edge_boot_id)" --arg event "$1" \
    --arg health "${2:-$(edge_value "$RUN/health" pending)}" --arg phase "$(edge_value "$RUN/phase" idle)" \
    --arg app "$(app_state)" --arg refused "$(app_refused)" \
    --argjson booted "$(deployment_json booted "$list")" \
    --argjson staged "$(deployment_json staged "$list")" \
    --argjson rollback "$(deployment_json rollback "$list")" \
    --argjson counter "${counter:-null}" --argjson vip "$vip" --argjson failed "$failed" \
    '{device: $device, bootId: $bootId, event: $event, health: $health, booted: $booted, staged: $staged,
      rollback: $rollback, bootCounter: $counter, vip: $vip,
      app: (if $refused == "" then $app else "\($app), image refused: \($refused)" end),
      failed: $failed, updatePhase: $phase}'
}
