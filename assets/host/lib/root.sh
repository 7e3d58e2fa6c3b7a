# shellcheck shell=bash
# Host scripts change the host, so they run as root; started by a user, they re-run themselves with sudo.

# become_root "$@": call this first in a script, with the script's own arguments.
become_root() {
  if ((EUID == 0)); then
    # sudo sets its own PATH and HOME; use the caller's tools and caches.
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
  keep=$(compgen -e | grep -E '^(EDGE_.*|PULUMI_COMMAND_STDOUT|XDG_CACHE_HOME|(http|https|no)_proxy)$' | paste -sd,)
  # The script has changed to the project's root; $0 may be relative to another directory.
  local self=$0
  [[ -e $self ]] || self=assets/host/${0##*/}
  exec sudo -n --preserve-env="$keep" -- "$BASH" "$self" "$@"
}
