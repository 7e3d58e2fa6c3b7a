#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../libexec/edge/lib
# The units that make this an edge device are up. One call queries all of them.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"

main() {
  local units=("${SYSTEM_UNITS[@]}")
  local deadline states unit
  edge_uptime
  deadline=$((UPTIME + 60))
  until states=$(systemctl is-active "${units[@]}"); do
    edge_uptime
    if [[ $states == *failed* ]] || ((UPTIME >= deadline)); then
      for unit in "${units[@]}"; do
        echo "$unit: ${states%%$'\n'*}"
        states=${states#*$'\n'}
      done
      return 1
    fi
    sleep 1
  done
}

main "$@"
