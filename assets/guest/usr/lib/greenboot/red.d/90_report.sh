#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../libexec/edge/lib
# Tells the console and the depot before the reboot that follows.
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
  edge_console "${EDGE_NAME:-device} health=red version=$BOOTED_VERSION commit=${BOOTED_COMMIT:0:10} vip=$vip"
  timeout 15 "$ROOT/usr/libexec/edge/report" red
  # A device that stays red keeps looking for a repairing update.
  systemctl --no-block start edge-update.service
}

main "$@"
