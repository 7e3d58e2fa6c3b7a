# shellcheck shell=bash
# Packages on a host with dnf, from its configured repositories. Needs log.sh.

# missing_rpms SPEC...: those that no installed package provides; a SPEC is a name, or alternatives joined by |
missing_rpms() {
  local spec name names
  for spec; do
    IFS='|' read -ra names <<<"$spec"
    for name in "${names[@]}"; do
      ! rpm -q --quiet --whatprovides "$name" 2>/dev/null || continue 2
    done
    echo "$spec"
  done
}

# available_rpm SPEC: its first name that a repository has
available_rpm() {
  local name names
  IFS='|' read -ra names <<<"$1"
  for name in "${names[@]}"; do
    [[ -z $(dnf -q repoquery --available --whatprovides "$name" 2>/dev/null) ]] || {
      echo "$name"
      return 0
    }
  done
  return 1
}

# install_rpms SPEC...: all or none; reports what no repository has before it installs anything
install_rpms() {
  local missing spec name wanted=() unknown=()
  mapfile -t missing < <(missing_rpms "$@")
  ((${#missing[@]})) || return 0
  for spec in "${missing[@]}"; do
    if name=$(available_rpm "$spec"); then wanted+=("$name"); else unknown+=("$spec"); fi
  done
  ((${#unknown[@]} == 0)) ||
    die "packages: no enabled repository of this host has ${unknown[*]}; fix: register the host, or enable the repositories that bring them (dnf repolist --all)"
  say packages "installing ${#wanted[@]} of $# from the host's repositories (some minutes): ${wanted[*]}"
  run_logged packages dnf -y --setopt=install_weak_deps=False install "${wanted[@]}"
}
