# shellcheck shell=bash
# A compose that runs out of space fails late and with odd errors, so check first. Needs common.sh.

# Where a compose needs space, and how much in GiB: the worker's build trees and package cache, the image
# builder's finished images, and the lab's own repositories.
COMPOSE_SPACE=("/var/cache/osbuild-worker 6" "/var/lib/osbuild-composer 3")
STATE_SPACE=3

# free_gib PATH: of the nearest existing folder
free_gib() {
  local path=$1 kib
  until [[ -d $path ]]; do path=$(dirname "$path"); done
  kib=$(df --output=avail -k "$path" | tail -n 1)
  echo $((kib >> 20))
}

# need_space: reports every place that is too small in one message
need_space() {
  local entry have short=()
  for entry in "${COMPOSE_SPACE[@]}" "$STATE $STATE_SPACE"; do
    have=$(free_gib "${entry% *}")
    ((have >= ${entry##* })) || short+=("${entry% *} has $have GiB free and needs ${entry##* }")
  done
  ((${#short[@]} == 0)) || die "no space for a compose: $(printf '%s; ' "${short[@]}")fix: free some, or remove old composes (composer-cli compose delete UUID)"
}
