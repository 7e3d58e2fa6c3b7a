#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../../../../../guest/usr/libexec/edge/lib
# The verdict of this boot as the device keeps it; the greenboot package keeps none.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"
. "$lib/health.sh"

main() {
  edge_load_env
  health_verdict green
}

main "$@"
