#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../libexec/edge/lib
# The depot answers. Only wanted: an offline device is still healthy.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"

main() {
  edge_load_env
  [[ -n ${EDGE_DEPOT:-} ]] || return 0
  curl --silent --show-error --fail --output /dev/null --connect-timeout 3 --max-time 10 \
    "$EDGE_DEPOT/repo/config"
}

main "$@"
