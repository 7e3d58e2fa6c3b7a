#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../libexec/edge/lib
# Tells the console and the depot. The report's success releases the reboot lock if this device holds it.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"

main() {
  local vip
  edge_load_env
  read_booted
  read_booted_version
  edge_read vip "$RUN/vip" no
  edge_console "${EDGE_NAME:-device} health=green version=$BOOTED_VERSION commit=${BOOTED_COMMIT:0:10} vip=$vip"
  systemctl --no-block start edge-report@green.service edge-update.service
}

main "$@"
