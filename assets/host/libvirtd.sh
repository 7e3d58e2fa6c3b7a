#!/usr/bin/env bash
# The libvirt daemon alone: apply starts it if it does not answer (e.g. after the host restarted).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
: "${EDGE_LIBVIRT_URI:?libvirt URI}"
# shellcheck source=assets/host/lib/libvirtd.sh
. assets/host/lib/libvirtd.sh

apply() {
  # A host that was never prepared has no daemon to start.
  [[ ! -e $STATE_DIR/host/applied ]] || libvirtd_apply
  result --argjson answers "$(libvirtd_answers && echo true || echo false)"
}

destroy() { libvirtd_destroy; }

status() {
  local answers=false
  if libvirtd_drift; then answers=true; fi
  status_result answers "$answers"
}

run_verb "$@"
