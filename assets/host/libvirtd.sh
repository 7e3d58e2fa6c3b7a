#!/usr/bin/env bash
# The libvirt daemon alone: apply starts it where it does not answer (after a restart of the host, say).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/root.sh
. assets/host/lib/root.sh
become_root "$@"
# shellcheck source=assets/host/lib/paths.sh
. assets/host/lib/paths.sh
# shellcheck source=assets/host/lib/log.sh
. assets/host/lib/log.sh
# shellcheck source=assets/host/lib/wait.sh
. assets/host/lib/wait.sh
# shellcheck source=assets/host/lib/result.sh
. assets/host/lib/result.sh
: "${EDGE_LIBVIRT_URI:?libvirt URI}"
# shellcheck source=assets/host/lib/libvirtd.sh
. assets/host/lib/libvirtd.sh

apply() {
  libvirtd_apply
  status
}

destroy() { libvirtd_destroy; }

status() { result --argjson answers "$(libvirtd_answers && echo true || echo false)"; }

case ${1:-} in
  apply | destroy | status) "$1" ;;
  *) die "usage: libvirtd.sh apply|destroy|status" ;;
esac
