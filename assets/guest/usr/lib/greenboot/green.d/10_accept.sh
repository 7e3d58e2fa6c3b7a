#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../libexec/edge/lib
# This boot is good: accept its commit from now on, record how long a boot takes here, and keep room for a full disk.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"
. "$lib/grubenv.sh"
. "$lib/boot-time.sh"
. "$lib/problems.sh"

main() {
  read_booted
  edge_keep "$ROOT/etc/greenboot/check/required.d/orig.txt" "$BOOTED_COMMIT"
  keep_boot_time
  keep_reserve
}

main "$@"
