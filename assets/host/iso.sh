#!/usr/bin/env bash
# The boot ISO of one role. apply reads {role, kickstart, kernelArgs, ...} on stdin; the kickstart holds a password hash.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/builder.sh
. assets/host/lib/builder.sh
: "${EDGE_ROLE:?primary or backup}"

apply() { builder make-iso; }

destroy() { rm -f "$STATE_DIR/iso/edge-$EDGE_ROLE.iso"; }

status() { result --argjson bytes "$(stat -c %s "$STATE_DIR/iso/edge-$EDGE_ROLE.iso" 2>/dev/null || echo 0)"; }

run_verb "$@"
