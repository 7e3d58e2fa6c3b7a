#!/usr/bin/env bash
# The lab's content server: nginx for the repository, and behind it the depot (reports, locks, counts, status page).
# Inputs: EDGE_STATE_DIR, EDGE_GATEWAY, EDGE_DEPOT_PORT, and on stdin the lab as JSON
# {"ref","upgradeGate","devices":[{"name","role","address"}]}. Result: {"contentUrl","address"}.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/service.sh
. assets/host/lib/service.sh
# shellcheck source=assets/host/lib/depot-web.sh
. assets/host/lib/depot-web.sh

PROJECT=$PWD
DIR=$STATE_DIR/depot
REPO=$STATE_DIR/repo

init_repo() {
  # Repeatable after an interruption: init keeps what exists. Low compression: slow machines write and read
  # it, and it crosses only a bridge.
  [[ -f $REPO/config && -d $REPO/objects ]] || run_logged depot-repo ostree --repo="$REPO" init --mode=archive
  [[ $(ostree --repo="$REPO" config get archive.zlib-level 2>/dev/null) == 2 ]] ||
    run_logged depot-repo ostree --repo="$REPO" config set archive.zlib-level 2
}

render_config() {
  jq -n --arg repo "$REPO" --arg releases "$STATE_DIR/releases" --arg dir "$DIR" \
    --arg countLog "$STATE_DIR/log/depot.log" --argjson webGroup "$(id -g "$WEB_USER")" \
    --argjson staleSeconds "${EDGE_DEPOT_STALE_SECONDS:-600}" '$ARGS.named'
}

# A wrapper script named node (version managers install one) needs the caller's environment: ask it for the
# real program. The loader is named by URL for the same reason.
api_command() {
  local node loader
  node=$(node -p process.execPath) || die "node is not on PATH"
  loader=$(cd "$PROJECT" && node -p 'require("node:url").pathToFileURL(require.resolve("tsx")).href') ||
    die "tsx is not installed in $PROJECT: npm ci"
  API_COMMAND=(env --chdir="$PROJECT" TSX_DISABLE_CACHE=1 NODE_ENV=production
    "$node" --import "$loader" "$PROJECT/depot/main.ts" "$DIR/config.json")
}

# sockets_answer: does the depot answer on both of its sockets? Independent of nginx.
sockets_answer() {
  local name
  for name in admin api; do
    (cd "$DIR" && curl -sS -m 3 --fail --unix-socket "$name.sock" -o /dev/null http://depot/v1/lock) 2>/dev/null || return 1
  done
}

# A program that runs unchanged may still serve nothing: its socket was removed, or it hangs.
renew_silent() {
  ! service_running depot-api || sockets_answer || service_renew depot-api
  ! service_running depot-web || answers "$1/repo/config" || service_renew depot-web
}

start_services() {
  local -a sources
  mapfile -d '' sources < <(find "$PROJECT/depot" "$PROJECT/protocol" -type f -print0 | sort -z)
  api_command
  # shellcheck disable=SC2034 # read by service_apply
  SERVICE_FILES=("$DIR/config.json" "${sources[@]}")
  service_apply depot-api "${API_COMMAND[@]}"
  # shellcheck disable=SC2034
  SERVICE_FILES=("$DIR/web/nginx.conf")
  service_apply depot-web "${WEB_COMMAND[@]}"
}

# HEAD, so that a probe does not count as a served file.
answers() { curl -sS --noproxy '*' -m 3 --fail --head -o /dev/null "http://$1" 2>/dev/null; }
admin() (cd "$DIR" && curl -sS -m 10 --fail-with-body --unix-socket admin.sock -H 'Content-Type: application/json' "$@")

# lab_digest: hash of the lab definition that the depot has
lab_digest() { admin -m "${1:-10}" http://depot/v1/lab | sha256sum | cut -c 1-16; }

apply() {
  : "${EDGE_GATEWAY:?}" "${EDGE_DEPOT_PORT:?}"
  local address=$EDGE_GATEWAY:$EDGE_DEPOT_PORT lab answer
  lab=$(cat)
  jq -es 'length == 1' >/dev/null 2>&1 <<<"$lab" || die "the lab is expected on stdin as JSON"
  umask 022
  mkdir -p "$DIR/web" "$REPO"
  init_repo
  web_prepare "$DIR/web" "$address" "$REPO"
  render_config >"$DIR/config.json.new"
  mv "$DIR/config.json.new" "$DIR/config.json"
  renew_silent "$address"
  start_services
  if ! wait_until 60 answers "$address/v1/totals" || ! wait_until 10 answers "$address/repo/config"; then
    die "the depot does not answer on $address: $(tail -qn 3 "$STATE_DIR"/log/depot-{api,web}.log)"
  fi
  answer=$(admin -X PUT --data-binary @- http://depot/v1/lab <<<"$lab") || die "the depot refuses the lab: $answer"
  # For status, which gets no lab on stdin to compare with.
  lab_digest >"$DIR/lab.applied.new"
  mv "$DIR/lab.applied.new" "$DIR/lab.applied"
  say depot "serves $REPO on $address"
  result --arg contentUrl "http://$address" --arg address "$address"
}

destroy() {
  service_remove depot-web
  service_remove depot-api
  rm -rf "$DIR"
}

status() {
  local address=${EDGE_GATEWAY:-}:${EDGE_DEPOT_PORT:-} running=false totals=null lab='' name applied
  service_drift depot-api
  service_drift depot-web
  if tools curl; then
    if answers "$address/v1/totals" && answers "$address/repo/config"; then
      running=true
    else
      drift "does not answer on $address"
    fi
    if [[ -S $DIR/admin.sock ]]; then
      totals=$(admin -m 2 http://depot/v1/totals 2>/dev/null) || totals=null
      lab=$(lab_digest 2 2>/dev/null) || lab=''
    fi
  fi
  for name in admin api; do [[ -S $DIR/$name.sock ]] || drift "its socket $name.sock is gone"; done
  [[ -s $DIR/state.json ]] || drift "its state is gone: reports, locks and counts"
  read_line applied "$DIR/lab.applied" || :
  [[ -z $lab || $lab == "$applied" ]] || drift "it knows another lab than the declared one"
  [[ -s $REPO/config && -d $REPO/objects ]] || drift "the repository is gone"
  status_result running "$running" totals "${totals:-null}"
}

run_verb "$@"
