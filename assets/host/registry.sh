#!/usr/bin/env bash
# The lab's container registry (the distribution project's) on the lab's gateway address.
# Inputs: EDGE_STATE_DIR, EDGE_GATEWAY, EDGE_REGISTRY_PORT. Result: {"address","url"}.
# stop: takes it down, content kept, until the next apply.
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

DIR=$STATE_DIR/registry
REGISTRY_USER=edge-lab-registry

# JSON is YAML. The path is the one in the registry's sandbox.
render_config() {
  jq -n --arg root /var/lib/registry --arg addr "$1" '{
    version: "0.1",
    log: {level: "warn", accesslog: {disabled: true}},
    storage: {
      filesystem: {rootdirectory: $root},
      delete: {enabled: true},
      maintenance: {uploadpurging: {enabled: true, age: "24h", interval: "24h", dryrun: false}}
    },
    # Without a host the answers name the one that the client claims to ask.
    http: {addr: $addr, host: "http://\($addr)", headers: {"X-Content-Type-Options": ["nosniff"]}},
    health: {storagedriver: {enabled: false}}
  }'
}

answers() { [[ $(curl -s --noproxy '*' -m 2 "http://$1/v2/") == "{}" ]]; }

apply() {
  : "${EDGE_GATEWAY:?}" "${EDGE_REGISTRY_PORT:?}"
  local address=$EDGE_GATEWAY:$EDGE_REGISTRY_PORT binary
  binary=$(registry_program)
  service_user "$REGISTRY_USER"
  mkdir -p "$DIR"
  service_folder "$DIR/data" 700 "$REGISTRY_USER" "$REGISTRY_USER"
  render_config "$address" >"$DIR/config.json.new"
  mv "$DIR/config.json.new" "$DIR/config.json"
  sandbox "$REGISTRY_USER" ro "$binary" /opt/registry ro "$DIR/config.json" /etc/registry.json rw "$DIR/data" /var/lib/registry
  sandbox_try "the registry" /opt/registry --version
  # shellcheck disable=SC2034 # read by service_apply
  SERVICE_FILES=("$DIR/config.json")
  # shellcheck disable=SC2034 # read by service_apply
  SERVICE_GUARD="$EDGE_GATEWAY $EDGE_REGISTRY_PORT"
  ! service_running registry || answers "$address" || service_renew registry
  # From version 3 on the registry sends traces unless told not to.
  service_apply registry "${SANDBOX[@]}" env OTEL_TRACES_EXPORTER=none /opt/registry serve /etc/registry.json
  wait_until 20 answers "$address" ||
    die "the registry does not answer on $address; the end of its log: $(tail -n 3 "$STATE_DIR/log/registry.log")"
  say registry "answers on $address"
  result --arg address "$address" --arg url "http://$address"
}

destroy() {
  service_remove registry
  rm -rf "$DIR"
}

stop() { service_stop registry; }

status() {
  local address=${EDGE_GATEWAY:-}:${EDGE_REGISTRY_PORT:-} shown=null running=false
  service_drift registry
  [[ -z ${EDGE_GATEWAY:-} ]] || guard_drift registry "$EDGE_GATEWAY" "${EDGE_REGISTRY_PORT:-}"
  if tools curl; then
    if answers "$address"; then running=true; else drift "does not answer on $address"; fi
  fi
  [[ -d $DIR/data ]] || drift "what was pushed is gone: there is no registry/data"
  [[ ! -f $DIR/config.json ]] || json_text shown "$address"
  status_result running "$running" address "$shown"
}

VERBS+=(stop)
run_verb "$@"
