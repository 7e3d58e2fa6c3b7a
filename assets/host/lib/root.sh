# shellcheck shell=bash
# Host scripts change the host, so they run as root; started by a user they start again under sudo.

# become_root "$@": call it first in a script, with the script's own arguments.
become_root() {
  if ((EUID == 0)); then
    # sudo sets its own PATH and HOME; tools and caches are the caller's.
    [[ -z ${EDGE_CALLER_PATH:-} ]] || export PATH=$EDGE_CALLER_PATH
    [[ -z ${EDGE_CALLER_HOME:-} ]] || export HOME=$EDGE_CALLER_HOME
    unset EDGE_CALLER_PATH EDGE_CALLER_HOME
    [[ :$PATH: == *:/usr/sbin:* ]] || export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
    return 0
  fi
  if ! sudo -n true 2>/dev/null; then
    echo "error: ${0##*/} needs root: run it as root, or allow this user sudo without a password" >&2
    exit 1
  fi
  export EDGE_CALLER_PATH=$PATH EDGE_CALLER_HOME=$HOME
  # Names only: values (some are secrets) never go on a command line.
  local keep
  keep=$(compgen -e | grep -E '^(EDGE_.*|XDG_CACHE_HOME|(http|https|no)_proxy)$' | paste -sd,)
  # Host scripts have gone to the project's root by now, which is not where $0 was named from.
  local self=$0
  [[ -e $self ]] || self=assets/host/${0##*/}
  exec sudo -n --preserve-env="$keep" -- "$BASH" "$self" "$@"
}
