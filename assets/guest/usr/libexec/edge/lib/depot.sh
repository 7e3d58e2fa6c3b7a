# shellcheck shell=bash
# Calls to the depot. It may be away: every call is bounded, and its failure is an answer, not an error.

# depot_post PATH [HEADER] <BODY: prints the reply, even that of a refusal, which has status 22.
depot_post() {
  local header=()
  [[ -z ${2:-} ]] || header=(-H "$2")
  curl --silent --show-error --fail-with-body --connect-timeout 3 --max-time 10 \
    -H 'content-type: application/json' "${header[@]}" --data-binary @- \
    "${EDGE_DEPOT:?}$1"
}

# The mark of the reboot lock outlives the reboot: the device that holds the lock releases it, even after a rollback.
LOCK_MARK=$STATE/lock-held

# lock_call pre-reboot|steady-state: the FleetLock protocol, with this device's name.
lock_call() {
  local body
  printf -v body '{"client_params":{"id":"%s","group":"%s"}}' "${EDGE_NAME:?}" "${EDGE_LOCK_GROUP:-default}"
  depot_post "/v1/$1" 'fleet-lock-protocol: true' <<<"$body"
}

# Taking and giving back exclude each other: a release that began before the taking would give the new lock away.
lock_alone() { exec 8>"$RUN/reboot.lock" && flock -w 30 8; }

lock_take() {
  lock_alone || return
  lock_call pre-reboot || return
  edge_boot_id
  edge_keep "$LOCK_MARK" "$BOOT_ID"
}

# lock_release now|earlier: "earlier" keeps a lock that this boot has taken: it has yet to reboot.
lock_release() {
  lock_alone || return
  [[ -e $LOCK_MARK ]] || return 0
  if [[ $1 == earlier ]]; then
    edge_boot_id
    ! edge_is "$LOCK_MARK" "$BOOT_ID" || return 0
  fi
  lock_call steady-state || return
  rm -f "$LOCK_MARK"
}
