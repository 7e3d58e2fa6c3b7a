#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../libexec/edge/lib
# This boot is good: its commit is the accepted one from now on, and its time is what a boot takes here.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"

main() {
  edge_load_env
  edge_put "$ROOT/etc/greenboot/check/required.d/orig.txt" "$(booted_commit)" || true
  edge_put "$STATE/green-uptime" "$(edge_uptime)" || true
}

main "$@"
