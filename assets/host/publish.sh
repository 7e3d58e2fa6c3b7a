#!/usr/bin/env bash
# Creates the ref that devices install from, at the first release. An existing ref is left alone: from then on
# only a rollout moves it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/ostree-repo.sh
. assets/host/lib/ostree-repo.sh
: "${EDGE_REF:?ref, e.g. debian/trixie/x86_64/edge}"
REPO=$STATE_DIR/repo

current() { ostree --repo="$REPO" rev-parse "$EDGE_REF" 2>/dev/null; }

# known COMMIT: is it in the repository, and did the lab make it, for a release (current or earlier) or a scenario?
known() {
  local ref named
  commit_there "$1" || return 1
  # Older repositories have no such list.
  [[ -e $STATE_DIR/releases/commits ]] || return 0
  while read -r named; do [[ $named != "$1" ]] || return 0; done <"$STATE_DIR/releases/commits"
  for ref in "$REPO"/refs/heads/scenario/*; do
    ! read_line named "$ref" || [[ $named != "$1" ]] || return 0
  done
  return 1
}

# last_published: what the lost ref named last, because a rollout may have moved it: from the summary, which every move
# updates last, else from the depot's last rollout if it did not fail
last_published() {
  local commit
  for commit in $(ostree --repo="$REPO" summary --view 2>/dev/null | grep -A 3 -xF "* $EDGE_REF" | grep -oE '[0-9a-f]{64}') \
    $(jq -r '(.halts // {}) as $halts | .rollout.targetCommit // empty | select($halts[.] == null)' "$STATE_DIR/depot/data/state.json" 2>/dev/null); do
    ! known "$commit" || {
      echo "$commit"
      return
    }
  done
  echo "$EDGE_COMMIT"
}

apply() {
  : "${EDGE_COMMIT:?commit to publish}"
  local commit
  if ! ref_commit commit "$EDGE_REF" || ! known "$commit"; then
    commit=$(last_published)
    ostree --repo="$REPO" refs --force --create="$EDGE_REF" "$commit" >&2
    say publish "$EDGE_REF is now ${commit:0:12}"
  fi
  summary_has "$EDGE_REF" "$commit" || ostree --repo="$REPO" summary -u >&2
  result --arg ref "$EDGE_REF"
}

destroy() {
  [[ -d $REPO ]] && current >/dev/null || return 0
  ostree --repo="$REPO" refs --delete "$EDGE_REF" >&2
}

status() {
  local commit ref
  if ! ref_commit commit "$EDGE_REF"; then
    drift "the ref $EDGE_REF is gone"
  elif ! commit_there "$commit"; then
    drift "the ref $EDGE_REF names ${commit:0:12}, which is not in the repository"
  elif ! known "$commit"; then
    drift "the ref $EDGE_REF names ${commit:0:12}, which is no release of this lab"
  elif ! summary_has "$EDGE_REF" "$commit"; then
    drift "the summary does not name the ref $EDGE_REF as it is"
  fi
  json_text ref "$EDGE_REF"
  json_text commit "${commit:-none}"
  status_result ref "$ref" commit "$commit"
}

run_verb "$@"
