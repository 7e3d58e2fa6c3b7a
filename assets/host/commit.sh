#!/usr/bin/env bash
# One composed commit: the backend composes it and exports it to the repository that the depot serves.
# apply reads the compose request (JSON) on stdin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/builder.sh
. assets/host/lib/builder.sh
: "${EDGE_VERSION:?version of the release}"
REPO=$STATE_DIR/repo
RECORD=$STATE_DIR/releases/$EDGE_VERSION.json

apply() {
  local record
  record=$(builder compose)
  jq -c --arg repo "$REPO" "{version, commit, parent, repo: \$repo}" <<<"$record" | builder export >/dev/null
  jq -c "del(.timings, .seconds, .inputHash)" <<<"$record"
}

destroy() {
  rm -f "$RECORD"
  if [[ -d $REPO ]] && ostree --repo="$REPO" rev-parse "release/$EDGE_VERSION" >/dev/null 2>&1; then
    ostree --repo="$REPO" refs --delete "release/$EDGE_VERSION" >&2
  fi
}

status() {
  if [[ -s $RECORD ]]; then cat "$RECORD"; else result --arg version "$EDGE_VERSION"; fi
}

run_verb "$@"
