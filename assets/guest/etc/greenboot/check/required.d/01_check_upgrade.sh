#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../usr/libexec/edge/lib
# The gate for upgrades: with upgradeGate=closed any commit but the accepted one is refused, which the
# boot counter turns into a rollback. orig.txt holds the accepted commit, current.txt the running one.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"

main() {
  local here=$ROOT/etc/greenboot/check/required.d gate current
  edge_load_env
  current=$(booted_commit)
  edge_put "$here/current.txt" "$current" || true
  [[ -s $here/orig.txt ]] || edge_put "$here/orig.txt" "$current" || true
  gate=$(edge_value "$STATE/upgrade-gate" "$EDGE_UPGRADE_GATE")
  if [[ $current != "$(<"$here/orig.txt")" && $gate == closed ]]; then
    echo "the upgrade gate is closed: running $current, accepted is $(<"$here/orig.txt")"
    return 1
  fi
}

main "$@"
