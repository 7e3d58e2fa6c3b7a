#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../../../../../guest/usr/libexec/edge/lib
# Records this boot's verdict for the device; the greenboot package keeps none.
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
