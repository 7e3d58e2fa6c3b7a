#!/usr/bin/env bash
# The packages that the lab needs on its host, by apt or dnf. destroy keeps them: others may use them by then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/packages.sh
. assets/host/lib/packages.sh
# shellcheck source=assets/host/lib/dnf.sh
. assets/host/lib/dnf.sh
: "${EDGE_BUILDER:?debian or osbuild}"

if [[ $EDGE_BUILDER == osbuild ]]; then
  LISTS=(assets/builders/osbuild/host-packages.txt)
  missing() { missing_rpms "$@"; }
  install() { install_rpms "$@"; }
else
  LISTS=(assets/host/packages.txt "assets/builders/$EDGE_BUILDER/host-packages.txt")
  missing() { missing_packages "$@"; }
  install() { install_packages "$@"; }
fi

packages() { grep -hvE '^(#|$)' "${LISTS[@]}" | sort -u; }

apply() {
  local names
  mapfile -t names < <(packages)
  install "${names[@]}"
  status
}

destroy() { :; }

status() {
  local names missing
  mapfile -t names < <(packages)
  mapfile -t missing < <(missing "${names[@]}")
  printf '{"packages":%s,"missing":%s}\n' "${#names[@]}" "${#missing[@]}"
}

run_verb "$@"
