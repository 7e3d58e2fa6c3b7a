# Names and messages shared by the toolchain's scripts. Source this.
# shellcheck shell=bash

# Makes the caller's locale, umask and PATH irrelevant; a shell that evals env.sh keeps its own.
export LC_ALL=C.UTF-8
unset LANGUAGE
umask 022
[[ :$PATH: == *:/usr/sbin:* ]] || export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Holds all download and build caches; `npm run clean` removes it.
CACHE=${EDGE_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/edge-lab}
case $CACHE in /*) ;; *) CACHE=$PWD/$CACHE ;; esac
# Links to what was chosen or built. Pulumi.yaml needs a constant relative path; git ignores this
# one, and it outlives `npm run destroy`.
# shellcheck disable=SC2034
LINKS=$ROOT/node_modules/.edge-lab

say() { printf 'toolchain: %s\n' "$*" >&2; }

die() {
  printf 'toolchain: %s\n' "$*" >&2
  exit 1
}

# version_at_least HAVE WANT, both like 1.2.3 (drops a leading v or go)
version_at_least() {
  local have=${1#v} want=${2#v}
  have=${have#go} want=${want#go}
  [[ $(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1) == "$want" ]]
}

# run_logged NAME CMD...: long output goes to a log; its tail is shown if CMD fails.
run_logged() {
  local name=$1 log
  shift
  mkdir -p "$CACHE/log"
  log=$CACHE/log/$name.log
  if ! "$@" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    die "$name failed; all of its output is in $log"
  fi
}

# wait_for FD WHAT: takes the lock on an open file or directory
wait_for() {
  flock --nonblock "$1" && return
  say "waiting for another setup to end: it $2"
  flock "$1"
}

# identity FILE: changes when another file takes this name.
identity() { stat -L -c '%n %s %Y' "$1" 2>/dev/null || printf '%s absent\n' "$1"; }

# on_host NAME: prints the path of the host's own program, not of a link that the setup or npm made here
on_host() {
  local directory
  while read -r -d : directory; do
    [[ $directory == */node_modules/.edge-lab/bin || $directory == */node_modules/.bin || ! -x $directory/$1 ]] && continue
    printf '%s\n' "$directory/$1"
    return
  done <<<"$PATH:"
  return 1
}

# link_to TARGET LINK: atomically, because others may be using the link
link_to() { [[ $(readlink "$2") == "$1" ]] || ln -sfn "$1" "$2"; }
