#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../../../../../guest/usr/libexec/edge/lib
# Records this boot's verdict for the device, with the output of the failed checks. greenboot's journal names those
# that failed, and each check's output is there under its name (usr/libexec/greenboot/greenboot, 0.15).
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"
. "$lib/health.sh"

journal() { journalctl --boot --output=cat --no-pager "$@"; }

# failed_checks: lines "NAME RC"
failed_checks() {
  journal --unit=greenboot-healthcheck.service |
    sed -nE "s/.*Script '([^']+)' FAILURE \(exit code '([0-9]+)'\).*/\1 \2/p" | sort -u
}

main() {
  local name rc kind base
  edge_load_env
  while read -r name rc; do
    kind=required.d
    for base in "$ROOT/usr/lib/greenboot" "$ROOT/etc/greenboot"; do
      [[ ! -e $base/check/wanted.d/$name ]] || kind=wanted.d
    done
    health_record "$kind" "$name" "$rc" "$(journal --identifier="$name" --lines=20)"
  done < <(failed_checks)
  health_verdict red
}

main "$@"
