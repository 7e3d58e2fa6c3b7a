#!/usr/bin/env bash
# Prints shell lines for eval, with which plain `pulumi` works on this project. Runs the setup
# first and creates the stack if it is missing; EDGE_LAB_NO_INIT=1 creates nothing.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=toolchain/lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=toolchain/lib/state.sh
source "$here/lib/state.sh"

main() {
  "$here/setup.sh" >&2
  set_environment
  # A lock may belong to a dead run: the lab's own program knows what else such a run leaves.
  if compgen -G "$EDGE_LAB_STATE/pulumi/.pulumi/locks/organization/*/*/*.json" >/dev/null; then
    (cd "$ROOT" && node --import tsx cli/main.ts recover >&2)
  fi
  [[ -n ${EDGE_LAB_NO_INIT:-} ]] || make_stack
  print_environment
}

main "$@"
