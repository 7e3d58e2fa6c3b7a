# shellcheck shell=bash
# Building trees needs root and mounts. Everything that mounts runs in its own namespaces, so that a SIGKILL
# at any moment leaves neither a mount nor a process on the host.

# become_root "$@": first call in a verb; started by a user, re-runs with sudo
become_root() {
  ((EUID != 0)) || return 0
  sudo -n true 2>/dev/null || die "${0##*/} needs root: run it as root, or allow this user sudo without a password"
  local keep
  keep=$(compgen -e | grep -E '^(EDGE_.*|XDG_CACHE_HOME|HOME|(http|https|no)_proxy)$' | paste -sd,)
  exec sudo -n --preserve-env="$keep" -- "$BASH" "$0" "$@"
}

# isolate "$@": continues in private mount and process namespaces that end with this process
isolate() {
  if [[ ${EDGE_BUILDER_ISOLATED:-} == yes ]]; then
    unset EDGE_BUILDER_ISOLATED
    # PID 1 of a namespace ignores signals without a handler.
    trap 'exit 143' TERM
    trap 'exit 130' INT
    trap 'exit 129' HUP
    return 0
  fi
  EDGE_BUILDER_ISOLATED=yes exec unshare --mount --propagation private --pid --fork --mount-proc \
    --kill-child=SIGKILL "$BASH" "$0" "$@"
}
