# shellcheck shell=bash
# The device's state as JSON: for reports and for `status --json`.
# Needs edge.sh, grubenv.sh, deployments.sh, app.sh, failed.sh, problems.sh, render.sh.

# deployment_json ROLE...: sets JSON to {"commit","version"} of the first role that exists, or null.
deployment_json() {
  local role
  JSON=null
  for role; do
    if find_deployment "$role"; then
      printf -v JSON '{"commit":"%s","version":"%s"}' "$COMMIT" "$VERSION"
      return 0
    fi
  done
}

# device_state EVENT HEALTH
device_state() {
  local vip=false phase error=null booted staged rollback
  edge_boot_id
  read_deployments
  read_boot_counter
  read_app
  find_peers
  edge_read phase "$RUN/phase" idle
  ! edge_is "$RUN/vip" yes || vip=true
  failed_file
  read_problems
  [[ ! -s $RUN/update-error.json ]] || error=$(<"$RUN/update-error.json")
  deployment_json booted && booted=$JSON
  deployment_json staged && staged=$JSON
  deployment_json rollback pending && rollback=$JSON
  # shellcheck disable=SC2016 # jq's own variables
  jq -cn --arg device "$EDGE_NAME" --arg bootId "$BOOT_ID" --arg event "$1" --arg health "$2" \
    --arg phase "$phase" --arg app "$APP_STATE" --argjson booted "$booted" --argjson staged "$staged" \
    --argjson rollback "$rollback" --argjson bootCounter "${BOOT_COUNTER:-null}" --argjson vip "$vip" \
    --rawfile old "$FAILED_FILE" --argjson updateError "$error" --arg problems "$PROBLEMS" \
    --arg peers "$PEERS" \
    '{$device, $bootId, $event, $health, $booted, $staged, $rollback, $bootCounter, $vip, $app,
      failed: ('"$FAILED_LIST"'), updatePhase: $phase, $updateError,
      peers: [$peers | scan("[0-9.]+")],
      problems: ($problems | split("\n") | map(select(. != "") | .[:200]) | .[-8:])}'
}
