#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../libexec/edge/lib
# The app's socket listens on the virtual IP, whoever owns it. The app itself is not woken.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/app.sh"

main() {
  local deadline
  edge_load_env
  [[ -n ${EDGE_VIP:-} ]] || return 0
  edge_uptime
  deadline=$((UPTIME + 60))
  until listening "$EDGE_VIP" "$EDGE_APP_PORT"; do
    edge_uptime
    if ((UPTIME >= deadline)); then
      echo "nothing listens on $EDGE_VIP:$EDGE_APP_PORT"
      return 1
    fi
    sleep 1
  done
}

main "$@"
