#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../libexec/edge/lib
# Keepalived accepts the configuration that was rendered for this device.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"

main() {
  local output
  edge_load_env
  [[ -n ${EDGE_VIP:-} ]] || return 0
  output=$(keepalived --config-test --use-file="$VIP_CONFIG" 2>&1) || {
    echo "$output"
    return 1
  }
}

main "$@"
