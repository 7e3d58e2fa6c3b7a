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
# shellcheck source=assets/host/lib/service-user.sh
. assets/host/lib/service-user.sh
# shellcheck source=assets/host/lib/service-sandbox.sh
. assets/host/lib/service-sandbox.sh
# shellcheck source=assets/host/lib/depot-folders.sh
. assets/host/lib/depot-folders.sh
# shellcheck source=assets/host/lib/depot-program.sh
. assets/host/lib/depot-program.sh
# shellcheck source=assets/host/lib/depot-web.sh
. assets/host/lib/depot-web.sh

# shellcheck disable=SC2034 # read by depot_program
PROJECT=$PWD
DIR=$STATE_DIR/depot
REPO=$STATE_DIR/repo
WEB_USER=edge-lab-web
DEPOT_USER=edge-lab-depot

init_repo() {
  # Repeatable after an interruption: init keeps what exists. Low compression: slow machines write and read
  # it, and it crosses only a bridge.
  [[ -f $REPO/config && -d $REPO/objects ]] || run_logged depot-repo ostree --repo="$REPO" init --mode=archive
  [[ $(ostree --repo="$REPO" config get archive.zlib-level 2>/dev/null) == 2 ]] ||
    run_logged depot-repo ostree --repo="$REPO" config set archive.zlib-level 2
}

# The depot sees these paths in its sandbox.
render_config() {
  jq -n --arg repo /srv/repo --arg releases /srv/releases --arg dir /var/lib/depot --arg run /run/depot \
    --arg access /var/log/access --arg countLog /var/log/depot/depot.log \
    --argjson staleSeconds "${EDGE_DEPOT_STALE_SECONDS:-600}" '$ARGS.named'
}

# depot_prepare: sets API_COMMAND, and SERVICE_MOUNTS for it
depot_prepare() {
  depot_program
  # Of the repository it reads what the refs name.
  sandbox "$DEPOT_USER" ro "$NODE" /opt/node ro "$DIR/program" /opt/depot ro "$DIR/config.json" /etc/depot/config.json \
    ro "$REPO/refs" /srv/repo/refs ro "$STATE_DIR/releases" /srv/releases rw "$DIR/data" /var/lib/depot \
    rw "$DIR/run" /run/depot rw "$DIR/access" /var/log/access rw "$STATE_DIR/log/depot.log" /var/log/depot/depot.log \
    rw "$STATE_DIR/log/depot.log.1" /var/log/depot/depot.log.1
  sandbox_try "the depot" /opt/node --version
  API_COMMAND=("${SANDBOX[@]}" env NODE_ENV=production /opt/node /opt/depot/depot.cjs /etc/depot/config.json)
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

# start_services ADDRESS PORT
start_services() {
  depot_prepare
  SERVICE_FILES=("$DIR/config.json" "$DIR/program/sources")
  service_apply depot-api "${API_COMMAND[@]}"
  web_prepare "$1" "$2"
  # shellcheck disable=SC2034 # read by service_apply
  SERVICE_FILES=("$DIR/web/nginx.conf")
  # shellcheck disable=SC2034 # read by service_apply
  SERVICE_GUARD="$1 $2"
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
  mkdir -p "$REPO"
  init_repo
  service_user "$WEB_USER"
  service_user "$DEPOT_USER"
  depot_folders
  render_config >"$DIR/config.json.new"
  mv "$DIR/config.json.new" "$DIR/config.json"
  renew_silent "$address"
  start_services "$EDGE_GATEWAY" "$EDGE_DEPOT_PORT"
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
  [[ -z ${EDGE_GATEWAY:-} ]] || guard_drift depot-web "$EDGE_GATEWAY" "${EDGE_DEPOT_PORT:-}"
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
  # The previous version has it elsewhere until the next apply.
  [[ -s $DIR/data/state.json || -s $DIR/state.json ]] || drift "its state is gone: reports, locks and counts"
  read_line applied "$DIR/lab.applied" || :
  [[ -z $lab || $lab == "$applied" ]] || drift "it knows another lab than the declared one"
  [[ -s $REPO/config && -d $REPO/objects ]] || drift "the repository is gone"
  status_result running "$running" totals "${totals:-null}"
}

run_verb "$@"
