#!/usr/bin/env bash
# The lab's container registry (the distribution project's) on the lab's gateway address, for everybody to read, and a
# second one on a loopback address with the same content, for this host's root to push to.
# Inputs: EDGE_STATE_DIR, EDGE_GATEWAY, EDGE_REGISTRY_PORT. Result: {"address","url","push"}.
# stop: takes both down, content kept, until the next apply.
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
# shellcheck source=assets/host/lib/registry-program.sh
. assets/host/lib/registry-program.sh

PROJECT=$PWD
DIR=$STATE_DIR/registry
REGISTRY_USER=edge-lab-registry
# shellcheck source=assets/host/lib/registry-push.sh
. assets/host/lib/registry-push.sh

# render_config ADDRESS read|push: JSON is YAML. The paths are those in the registry's sandbox. readonly answers 405.
render_config() {
  jq -n --arg root /var/lib/registry --arg addr "$1" --arg for "$2" '{
    version: "0.1",
    log: {level: "warn", accesslog: {disabled: true}},
    storage: {
      filesystem: {rootdirectory: $root},
      delete: {enabled: true},
      maintenance: (if $for == "read" then {readonly: {enabled: true}, uploadpurging: {enabled: false}}
        else {uploadpurging: {enabled: true, age: "24h", interval: "24h", dryrun: false}} end)
    },
    # Without a host the answers name the one that the client claims to ask.
    http: {addr: $addr, host: "http://\($addr)", headers: {"X-Content-Type-Options": ["nosniff"]}},
    health: {storagedriver: {enabled: false}}
  } + (if $for == "read" then {} else {auth: {htpasswd: {realm: "edge-lab", path: "/etc/htpasswd"}}} end)'
}

# answers ADDRESS [CURL_OPTION...]
answers() { [[ $(curl -s --noproxy '*' -m 2 "${@:2}" "http://$1/v2/") == "{}" ]]; }
takes_pushes() { answers "$1" --netrc-file "$PUSH/netrc"; }

# registry_start SERVICE CONFIG ADDRESS ANSWERS [MOUNT...]: one of the two, by PROGRAM; ANSWERS is the command that asks
# ADDRESS
registry_start() {
  local name=$1 config=$2 address=$3 answers=$4
  sandbox "$REGISTRY_USER" ro "$PROGRAM" /opt/registry ro "$config" /etc/registry.json "${@:5}"
  sandbox_try "the registry" /opt/registry --version
  ! service_running "$name" || "$answers" "$address" || service_renew "$name"
  # From version 3 on the registry sends traces unless told not to.
  service_apply "$name" "${SANDBOX[@]}" env OTEL_TRACES_EXPORTER=none /opt/registry serve /etc/registry.json
  wait_until 20 "$answers" "$address" ||
    die "the registry does not answer on $address; the end of its log: $(tail -n 3 "$STATE_DIR/log/$name.log")"
}

# put_config PATH ADDRESS read|push
put_config() {
  render_config "$2" "$3" >"$1.new"
  mv "$1.new" "$1"
}

apply() {
  : "${EDGE_GATEWAY:?}" "${EDGE_REGISTRY_PORT:?}"
  local address=$EDGE_GATEWAY:$EDGE_REGISTRY_PORT push
  PROGRAM=$(registry_program)
  push=$(push_address "$EDGE_GATEWAY" "$EDGE_REGISTRY_PORT")
  service_user "$REGISTRY_USER"
  mkdir -p "$DIR"
  service_folder "$DIR/data" 700 "$REGISTRY_USER" "$REGISTRY_USER"
  push_credential "$push"
  put_config "$DIR/config.json" "$address" read
  put_config "$DIR/push.json" "$push" push
  SERVICE_FILES=("$DIR/config.json")
  # shellcheck disable=SC2034 # read by service_apply
  SERVICE_GUARD="$EDGE_GATEWAY $EDGE_REGISTRY_PORT"
  registry_start registry "$DIR/config.json" "$address" answers ro "$DIR/data" /var/lib/registry
  # shellcheck disable=SC2034 # read by service_apply
  SERVICE_FILES=("$DIR/push.json" "$DIR/htpasswd") SERVICE_GUARD=''
  registry_start registry-push "$DIR/push.json" "$push" takes_pushes \
    ro "$DIR/htpasswd" /etc/htpasswd rw "$DIR/data" /var/lib/registry
  say registry "answers on $address"
  result --arg address "$address" --arg url "http://$address" --arg push "$push"
}

destroy() {
  service_remove registry-push
  service_remove registry
  rm -rf "$DIR"
}

stop() {
  service_stop registry-push
  service_stop registry
}

status() {
  local address=${EDGE_GATEWAY:-}:${EDGE_REGISTRY_PORT:-} push shown=null running=false
  push=$(push_address "${EDGE_GATEWAY:-}" "${EDGE_REGISTRY_PORT:-}")
  service_drift registry
  service_drift registry-push
  [[ -z ${EDGE_GATEWAY:-} ]] || guard_drift registry "$EDGE_GATEWAY" "${EDGE_REGISTRY_PORT:-}"
  if tools curl; then
    if answers "$address"; then running=true; else drift "does not answer on $address"; fi
    takes_pushes "$push" || drift "takes no pushes on $push"
  fi
  [[ -d $DIR/data ]] || drift "what was pushed is gone: there is no registry/data"
  [[ ! -f $DIR/config.json ]] || json_text shown "$address"
  status_result running "$running" address "$shown"
}

VERBS+=(stop)
run_verb "$@"
