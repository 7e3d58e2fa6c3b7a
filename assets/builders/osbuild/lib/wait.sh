# shellcheck shell=bash
# One compose on the image builder: started or found again, followed to its end, fetched, removed there.
# Needs common.sh, composer.sh; WORK, COMPOSES (a folder that records running composes).

# The image builder may restart during a compose; after this long without answers it does not return by itself.
AWAY_SECONDS=${EDGE_COMPOSE_AWAY:-300}
# Report at least this often, even without a change.
SAY_SECONDS=60

# compose_state UUID: sets STATE_NOW to WAITING, RUNNING, FINISHED or FAILED
compose_state() {
  composer compose info "$1" || return 1
  STATE_NOW=$(jq -r '.queue_status // ""' <<<"$BODY")
  [[ -n $STATE_NOW ]]
}

# compose_find VERSION HASH: sets UUID if a compose of these inputs runs or is done: a killed run left it,
# and this one continues it
compose_find() {
  local note=$COMPOSES/$1 hash
  [[ -s $note ]] || return 1
  read -r UUID hash <"$note"
  [[ $hash == "$2" ]] && compose_state "$UUID" && [[ $STATE_NOW != FAILED ]] && return 0
  compose_forget "$1"
  return 1
}

# compose_start VERSION HASH BLUEPRINT REF [PARENT URL]: sets UUID
compose_start() {
  local note=$COMPOSES/$1 hash=$2 blueprint=$3 options=(--ref "$4")
  # The image builder fetches the parent from where it is served: without a URL it refuses one.
  [[ -z ${5:-} ]] || options+=(--parent "$5" --url "${6:?}")
  composer compose start-ostree "${options[@]}" "$blueprint" "$IMAGE_TYPE" ||
    die "the compose of $1 does not start: ${COMPOSER_ERROR:0:2000}; fix: see the image builder's words before, and journalctl -u osbuild-composer"
  UUID=$(jq -r '.build_id // ""' <<<"$BODY")
  [[ $UUID =~ ^[0-9a-f-]{36}$ ]] || die "the image builder answered without a compose's id: ${BODY:0:300}"
  mkdir -p "$COMPOSES"
  printf '%s %s\n' "$UUID" "$hash" >"$note.new"
  mv "$note.new" "$note"
}

# compose_forget VERSION: removes it on the image builder too, where it takes space
compose_forget() {
  local uuid
  [[ -s $COMPOSES/$1 ]] || return 0
  read -r uuid _ <"$COMPOSES/$1"
  rm -f "$COMPOSES/$1"
  # Only a compose that has ended can be deleted.
  if compose_state "$uuid"; then
    [[ $STATE_NOW == FINISHED || $STATE_NOW == FAILED ]] || composer compose cancel "$uuid" || say "compose $uuid could not be cancelled: $COMPOSER_ERROR"
    composer compose delete "$uuid" || say "compose $uuid stays on the image builder: $COMPOSER_ERROR"
  fi
}

# compose_wait VERSION: until UUID has finished. No time-out: the image builder bounds its own jobs, and their
# duration depends on the host. FAILED exits with the end of its log.
compose_wait() {
  local seen='' said=0 begun=$SECONDS away=0
  while :; do
    if compose_state "$UUID"; then
      away=0
      if [[ $STATE_NOW != "$seen" ]] || ((SECONDS - said >= SAY_SECONDS)); then
        say "release $1: $IMAGE_TYPE ${UUID%%-*} is $STATE_NOW after $((SECONDS - begun)) s"
        seen=$STATE_NOW
        said=$SECONDS
      fi
      case $STATE_NOW in
        FINISHED) return 0 ;;
        FAILED) compose_failed "$1" ;;
      esac
    elif [[ $COMPOSER_ERROR == *UnknownUUID* ]]; then
      rm -f "$COMPOSES/$1"
      die "compose $UUID of $1 is gone from the image builder: somebody deleted it; fix: run it again"
    else
      ((away > 0)) || away=$SECONDS
      ((SECONDS - away < AWAY_SECONDS)) ||
        die "the image builder has not answered for $((SECONDS - away)) s: ${COMPOSER_ERROR:0:500}; fix: $DAEMON_FIX; the compose goes on with the next run"
    fi
    sleep "$POLL_SECONDS"
  done
}

# compose_failed VERSION: keeps the log and shows its end
compose_failed() {
  local tail
  {
    echo "+ composer-cli compose log $UUID"
    (composer_here && composer-cli compose log "$UUID" 1024) || echo "(the image builder has no log of it)"
  } >>"$LOG" 2>&1
  tail=$(tail -n 20 "$LOG" | sed 's/^/  /')
  compose_forget "$1"
  die "compose $UUID of $1 FAILED; the end of $LOG:
$tail
fix: correct what the log names; the whole of it: journalctl -u 'osbuild-worker@*'"
}

# compose_fetch FILE: fetches the image of UUID
compose_fetch() {
  rm -f "$1"
  composer compose image "$UUID" --filename "$1" ||
    die "the image of compose $UUID cannot be fetched: ${COMPOSER_ERROR:0:500}; fix: free space below $STATE, and run it again"
  [[ -s $1 ]] || die "the image of compose $UUID is empty; fix: run it again"
}
