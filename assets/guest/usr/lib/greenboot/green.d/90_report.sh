#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../libexec/edge/lib
# Tells the console and the depot, and gives back the reboot lock if this device holds it.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"

main() {
  local commit
  edge_load_env
  commit=$(booted_commit)
  edge_console "${EDGE_NAME:-device} health=green version=$(booted_version) commit=${commit:0:10}" \
    "vip=$(edge_value "$RUN/vip" no)"
  systemctl --no-block start edge-report@green.service edge-release.service edge-update.service
}

main "$@"
