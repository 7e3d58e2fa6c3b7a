#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../libexec/edge/lib
# The units that make this an edge device are up. One call queries all of them.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/boot-time.sh"

# Are all up, or has one failed? Sets UP, and STATES, one line for each unit.
settled() {
  UP=yes
  STATES=$(systemctl is-active "${SYSTEM_UNITS[@]}") || UP=no
  [[ $UP == yes || $STATES == *failed* ]]
}

main() {
  local unit
  if patient_wait 60 1 settled && [[ $UP == yes ]]; then
    return 0
  fi
  for unit in "${SYSTEM_UNITS[@]}"; do
    echo "$unit: ${STATES%%$'\n'*}"
    STATES=${STATES#*$'\n'}
  done
  return 1
}

main "$@"
