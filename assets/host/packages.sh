#!/usr/bin/env bash
# The packages that the lab needs on its host, by apt or dnf. destroy keeps them: others may use them by then. extra: those
# that only some scenarios need (extra-packages.txt).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/packages.sh
. assets/host/lib/packages.sh
# shellcheck source=assets/host/lib/dnf.sh
. assets/host/lib/dnf.sh
: "${EDGE_BUILDER:?debian or osbuild}"

VERBS+=(extra)

if [[ $EDGE_BUILDER == osbuild ]]; then
  LISTS=(assets/builders/osbuild/host-packages.txt)
  EXTRA=assets/builders/osbuild/extra-packages.txt
  missing() { missing_rpms "$@"; }
  install() { install_rpms "$@"; }
  reinstall() { run_logged packages dnf -y reinstall "$@"; }
else
  LISTS=(assets/host/packages.txt "assets/builders/$EDGE_BUILDER/host-packages.txt")
  EXTRA=assets/host/extra-packages.txt
  missing() { missing_packages "$@"; }
  install() { install_packages "$@"; }
  reinstall() { run_logged packages with_policy apt install --reinstall "$@"; }
fi

# Each line has a package and its commands that scripts call.
packages() { grep -hvE '^(#|$)' "${LISTS[@]}" | cut -d' ' -f1 | sort -u; }

# lost_commands: "COMMAND PACKAGE" for each missing command. Asking the package manager takes far longer.
lost_commands() {
  local list line name
  for list in "${LISTS[@]}"; do
    while read -r -a line; do
      [[ ${line[0]:-#} != '#'* ]] || continue
      for name in "${line[@]:1}"; do
        [[ $name == /* && -e $name ]] || command -v "$name" >/dev/null || echo "$name ${line[0]}"
      done
    done <"$list"
  done
}

apply() {
  local names
  mapfile -t names < <(packages)
  install "${names[@]}"
  # The package is installed, but its command is missing.
  mapfile -t names < <(lost_commands | cut -d' ' -f2 | sort -u)
  ((${#names[@]} == 0)) || reinstall "${names[@]}"
  counts
}

destroy() { :; }

extra() {
  LISTS=("$EXTRA")
  apply
}

counts() {
  local names missing
  mapfile -t names < <(packages)
  mapfile -t missing < <(missing "${names[@]}")
  printf '{"packages":%s,"missing":%s}\n' "${#names[@]}" "${#missing[@]}"
}

status() {
  local names line
  mapfile -t names < <(packages)
  while read -r line; do drift "${line% *} is missing on this host (package ${line#* })"; done < <(lost_commands)
  status_result packages "${#names[@]}" missing "${#DRIFT[@]}"
}

run_verb "$@"
