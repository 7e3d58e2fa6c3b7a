#!/usr/bin/env bash
# One composed commit: the backend composes it and exports it to the repository that the depot serves.
# apply reads the compose request (JSON) on stdin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/builder.sh
. assets/host/lib/builder.sh
# shellcheck source=assets/host/lib/ostree-repo.sh
. assets/host/lib/ostree-repo.sh
: "${EDGE_VERSION:?version of the release}"
REPO=$STATE_DIR/repo
RECORD=$STATE_DIR/releases/$EDGE_VERSION.json
# What the export of this release added to the repository.
CONTENT=$STATE_DIR/releases/$EDGE_VERSION.objects

apply() {
  local record
  record=$(builder compose)
  jq -c --arg repo "$REPO" "{version, commit, parent, repo: \$repo}" <<<"$record" | builder export >/dev/null
  jq -c "del(.timings, .seconds, .inputHash)" <<<"$record"
}

destroy() {
  rm -f "$RECORD" "$CONTENT"
  if [[ -d $REPO ]] && ostree --repo="$REPO" rev-parse "release/$EDGE_VERSION" >/dev/null 2>&1; then
    ostree --repo="$REPO" refs --delete "release/$EDGE_VERSION" >&2
  fi
}

# content_drift COMMIT PARENT_OR_EMPTY: what the repository has lost of the release
content_drift() {
  local path objects=0 delta=no signature=no name=$1
  if [[ ! -s $CONTENT ]]; then
    drift "the list of what it put into the repository is gone"
    return
  fi
  while read -r path _; do
    case $path in
      *.commitmeta) signature=lost ;;
      objects/*) ((objects += 1)) ;;
      deltas/*) delta=lost ;;
    esac
  done < <(lost_content "$CONTENT")
  ((objects == 0)) || drift "$objects of its objects are gone from the repository, or damaged"
  [[ $signature == no ]] || drift "the signature of its commit is gone, or damaged"
  [[ $delta == no ]] || drift "its static delta is gone, or damaged"
  [[ -z $2 ]] || name=$2-$1
  if [[ ! -s $REPO/summary ]]; then
    drift "the repository has no summary"
  else
    summary_has "release/$EDGE_VERSION" "$1" || drift "the summary does not name it"
    ! grep -q '^deltas/' "$CONTENT" || summary_has "$name" '' || drift "the summary does not name its static delta"
  fi
}

status() {
  local record='' commit='' parent='' named text
  read_line record "$RECORD" || :
  if [[ $record =~ ^\{.*'"commit":"'([0-9a-f]{64})'"'.*\}$ ]]; then
    commit=${BASH_REMATCH[1]}
    [[ ! $record =~ '"parent":"'([0-9a-f]{64})'"' ]] || parent=${BASH_REMATCH[1]}
    if [[ ! -s $REPO/config ]]; then
      drift "the repository is gone"
    else
      ref_commit named "release/$EDGE_VERSION" || :
      [[ $named == "$commit" ]] || drift "the ref release/$EDGE_VERSION names ${named:-no commit}${named:+, not $commit}"
      [[ ! -e $REPO/state/$commit.commitpartial ]] || drift "its commit is marked as partial"
      content_drift "$commit" "$parent"
    fi
  elif [[ -n $record ]]; then
    drift "its record is damaged"
  else
    drift "its record is gone"
  fi
  json_text text "$EDGE_VERSION"
  json_text named "$commit"
  status_result version "$text" commit "$named"
}

run_verb "$@"
