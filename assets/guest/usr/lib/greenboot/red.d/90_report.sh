#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../libexec/edge/lib
# Tells the console and the depot before the reboot that follows.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"

main() {
  local commit
  edge_load_env
  commit=$(booted_commit)
  edge_console "${EDGE_NAME:-device} health=red version=$(booted_version) commit=${commit:0:10}" \
    "vip=$(edge_value "$RUN/vip" no)"
  timeout 15 "$ROOT/usr/libexec/edge/report" red
  # A device that stays up red goes on looking for what mends it.
  systemctl --no-block start edge-update.service
}

main "$@"
