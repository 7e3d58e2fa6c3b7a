#!/usr/bin/env bash
# Creates the ref that devices install from, at the first release. An existing ref is left alone: from then on
# only a rollout moves it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
: "${EDGE_REF:?ref, e.g. debian/trixie/x86_64/edge}"
REPO=$STATE_DIR/repo

current() { ostree --repo="$REPO" rev-parse "$EDGE_REF" 2>/dev/null; }

apply() {
  : "${EDGE_COMMIT:?commit to publish}"
  local commit
  if ! commit=$(current); then
    ostree --repo="$REPO" refs --create="$EDGE_REF" "$EDGE_COMMIT" >&2
    ostree --repo="$REPO" summary -u >&2
    commit=$EDGE_COMMIT
    say publish "$EDGE_REF is now ${commit:0:12}"
  fi
  result --arg ref "$EDGE_REF"
}

destroy() {
  [[ -d $REPO ]] && current >/dev/null || return 0
  ostree --repo="$REPO" refs --delete "$EDGE_REF" >&2
}

status() { result --arg ref "$EDGE_REF" --arg commit "$(current || echo none)"; }

run_verb "$@"
