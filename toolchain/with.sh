#!/usr/bin/env bash
# Runs a command with the toolchain: with.sh [--stack] CMD... With --stack it creates a missing
# stack; without it, it creates nothing.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=toolchain/lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=toolchain/lib/state.sh
source "$here/lib/state.sh"

main() {
  local stack=no
  if [[ ${1:-} == --stack ]]; then
    stack=yes
    shift
  fi
  (($# > 0)) || die 'usage: toolchain/with.sh [--stack] CMD...'
  "$here/setup.sh"
  set_environment
  [[ $stack == no ]] || make_stack
  exec "$@"
}

main "$@"
