#!/usr/bin/env bash
# Runs go like the setup, with its version, flags and caches: go.sh MODULE ARGUMENT...
# For example: toolchain/go.sh plugins test ./process ./local
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=toolchain/lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=toolchain/lib/golang.sh
source "$here/lib/golang.sh"

main() {
  (($# > 1)) || die 'usage: toolchain/go.sh cli|plugins|registry ARGUMENT...'
  hold_go_caches
  find_go
  use_go_caches
  cd "$ROOT/toolchain/$1"
  exec "$GO" "${@:2}"
}

main "$@"
