#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../usr/libexec/edge/lib
# The upgrade gate: with upgradeGate=closed this refuses every commit but the accepted one, which the boot
# counter turns into a rollback. orig.txt holds the accepted commit, current.txt the running one.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"

main() {
  local here=$ROOT/etc/greenboot/check/required.d gate accepted
  edge_load_env
  read_booted
  # A full disk is no reason to refuse a commit.
  edge_keep "$here/current.txt" "$BOOTED_COMMIT"
  [[ -s $here/orig.txt ]] || edge_keep "$here/orig.txt" "$BOOTED_COMMIT"
  edge_read accepted "$here/orig.txt" "$BOOTED_COMMIT"
  edge_read gate "$STATE/upgrade-gate" "${EDGE_UPGRADE_GATE:?}"
  if [[ $BOOTED_COMMIT != "$accepted" && $gate == closed ]]; then
    echo "the upgrade gate is closed: running $BOOTED_COMMIT, accepted is $accepted"
    return 1
  fi
}

main "$@"
