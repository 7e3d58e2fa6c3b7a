# shellcheck shell=bash
# Static deltas in the content server's repository. Needs here, REPO, BUILD, LOG.

# delta_dir FROM TO: where ostree keeps it (its base64 has _ for /); FROM is empty for a delta from nothing
delta_dir() {
  local name
  name=${1:+$(delta_name "$1")-}$(delta_name "$2")
  printf '%s/deltas/%s/%s\n' "$REPO" "${name:0:2}" "${name:2}"
}

delta_name() {
  local hex=$1 bytes=''
  while [[ -n $hex ]]; do
    bytes+="\\x${hex:0:2}"
    hex=${hex:2}
  done
  printf '%b' "$bytes" | base64 -w0 | tr -d = | tr / _
}

# make_scratch_delta COMMIT: from nothing, for first installations (see scratchDelta.ts). node finds tsx from
# the project's folder.
make_scratch_delta() {
  [[ ! -s $(delta_dir '' "$1")/superblock ]] || return 0
  (cd "$here/../../.." && logged node --import tsx "$here/lib/scratchDelta.ts" "$BUILD/repo" "$REPO" "$1")
}

# make_delta FROM TO: unless it exists
make_delta() {
  [[ ! -s $(delta_dir "$1" "$2")/superblock ]] || return 0
  # No fallbacks: the delta's few files contain everything.
  logged nice -n 5 ostree static-delta generate --repo="$REPO" --from="$1" --to="$2" --min-fallback-size=0
}

# delta_size FROM TO: {"bytes","files"}
delta_size() {
  find "$(delta_dir "$1" "$2")" -type f -printf '%s\n' |
    awk '{ n++; b += $1 } END { printf "{\"bytes\":%d,\"files\":%d}\n", b, n }'
}
