#!/usr/bin/env bash
# The Debian packages that the lab needs on its host. destroy leaves them: they may be others' by then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/packages.sh
. assets/host/lib/packages.sh
: "${EDGE_BUILDER:?debian or osbuild}"

packages() { grep -hvE '^(#|$)' assets/host/packages.txt "assets/builders/$EDGE_BUILDER/host-packages.txt" | sort -u; }

apply() {
  local names
  mapfile -t names < <(packages)
  install_packages "${names[@]}"
  status
}

destroy() { :; }

status() {
  local names missing
  mapfile -t names < <(packages)
  mapfile -t missing < <(missing_packages "${names[@]}")
  printf '{"packages":%s,"missing":%s}\n' "${#names[@]}" "${#missing[@]}"
}

run_verb "$@"
