#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../libexec/edge/lib
# The app's socket listens on the virtual IP, whoever the owner is. Does not wake the app itself.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/app.sh"
. "$lib/boot-time.sh"

main() {
  edge_load_env
  [[ -n ${EDGE_VIP:-} ]] || return 0
  # 0A is LISTEN.
  if ! patient_wait 60 1 find_sockets "$EDGE_VIP" "$EDGE_APP_PORT" 0A; then
    echo "nothing listens on $EDGE_VIP:$EDGE_APP_PORT"
    return 1
  fi
}

main "$@"
