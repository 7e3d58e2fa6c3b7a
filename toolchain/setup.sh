#!/usr/bin/env bash
# Installs what the lab's commands need besides host packages: the npm packages, Node 22 if the
# host's is older, and Pulumi with its plugins: an official one on PATH, else built from pinned
# Go modules. Returns quickly when everything is up to date.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=toolchain/lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=toolchain/lib/components.sh
source "$here/lib/components.sh"
# shellcheck source=toolchain/lib/node.sh
source "$here/lib/node.sh"
# shellcheck source=toolchain/lib/golang.sh
source "$here/lib/golang.sh"
# shellcheck source=toolchain/lib/build.sh
source "$here/lib/build.sh"
# shellcheck source=toolchain/lib/official.sh
source "$here/lib/official.sh"

# All that the outcome depends on. Equal to the last run's stamp: nothing to do.
wanted_stamp() {
  {
    find "$ROOT/toolchain" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    packages_stamp
    printf '%s\n' "$CACHE" "$ROOT" "${EDGE_LAB_PULUMI:-}"
    identity "$(on_host node || :)"
    identity "$(official_pulumi || :)"
  } | sha256sum | cut -c 1-32
}

up_to_date() {
  [[ -f $LINKS/stamp && $(<"$LINKS/stamp") == "$1" ]] || return 1
  local link
  for link in "$LINKS"/bin/* "$LINKS"/engine/* "$LINKS"/plugins/*; do
    [[ -x $link ]] || return 1
  done
}

# build_missing COMPONENT...: unless another setup has built them
build_missing() {
  local component still=()
  mkdir -p "$CACHE/toolchain"
  exec 9>"$CACHE/toolchain/lock"
  wait_for 9 'builds Pulumi'
  for component in "$@"; do
    [[ -x $(component_path "$component") ]] || still+=("$component")
  done
  ((${#still[@]} == 0)) || build "${still[@]}"
}

install_pulumi() {
  local component target official=no missing=()
  local -A targets=()
  if official_chosen; then official=yes; fi
  for component in "${COMPONENTS[@]}"; do
    [[ $component == cli && $official == yes ]] && continue
    if [[ $official == no ]] || ! target=$(official_target "$component"); then
      target=$(component_path "$component")
      [[ -x $target ]] || missing+=("$component")
    fi
    targets[$component]=$target
  done
  ((${#missing[@]} == 0)) || build_missing "${missing[@]}"
  mkdir -p "$LINKS/plugins" "$LINKS/engine"
  link_to "$ROOT/toolchain/pulumi.sh" "$LINKS/bin/pulumi"
  if [[ $official == yes ]]; then link_to "$(official_pulumi)" "$LINKS/engine/pulumi"; fi
  for component in "${!targets[@]}"; do
    target=$LINKS/plugins
    if [[ $component == cli ]]; then target=$LINKS/engine; fi
    link_to "${targets[$component]}" "$target/$(component_binary "$component")"
  done
}

main() {
  local stamp
  [[ $(uname -s) == Linux ]] || die "Linux is needed, this is $(uname -s)"
  stamp=$(wanted_stamp)
  up_to_date "$stamp" && return
  install_packages
  mkdir -p "$LINKS/bin"
  choose_node
  install_pulumi
  printf '%s\n' "$stamp" >"$LINKS/stamp"
}

main "$@"
