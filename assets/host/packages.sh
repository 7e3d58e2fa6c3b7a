#!/usr/bin/env bash
# The Debian packages that the lab needs on its host. destroy leaves them: they may be others' by then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/root.sh
. assets/host/lib/root.sh
become_root "$@"
# shellcheck source=assets/host/lib/paths.sh
. assets/host/lib/paths.sh
# shellcheck source=assets/host/lib/log.sh
. assets/host/lib/log.sh
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

case ${1:-} in
  apply | destroy | status) "$1" ;;
  *) die "usage: packages.sh apply|destroy|status" ;;
esac
