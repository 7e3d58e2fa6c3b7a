#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../libexec/edge/lib
# This boot is good: accept its commit from now on, and record how long a boot takes here.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"

main() {
  read_booted
  edge_put "$ROOT/etc/greenboot/check/required.d/orig.txt" "$BOOTED_COMMIT"
  edge_uptime
  edge_put "$STATE/green-uptime" "$UPTIME"
}

main "$@"
