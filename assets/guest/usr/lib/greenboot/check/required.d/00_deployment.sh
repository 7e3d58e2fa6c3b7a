#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../libexec/edge/lib
# The running system is a deployment from this disk's repository, complete and read-only.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"

main() {
  local mounts
  if [[ ! -e $ROOT/run/ostree-booted ]]; then
    echo "not booted from an ostree deployment"
    return 1
  fi
  read_booted
  read_deployments
  if ! find_deployment booted || [[ $COMMIT != "$BOOTED_COMMIT" ]]; then
    echo "the root is mounted from $BOOTED_COMMIT, ostree says ${COMMIT:-nothing}"
    return 1
  fi
  mounts=$(<"$ROOT/proc/self/mounts")
  if [[ $mounts =~ [^[:space:]]+\ /usr\ [^[:space:]]+\ rw ]]; then
    echo "/usr is writable"
    return 1
  fi
  if [[ ! $mounts =~ [^[:space:]]+\ /var\ [^[:space:]]+\ rw ]]; then
    echo "/var is not writable"
    return 1
  fi
}

main "$@"
