#!/usr/bin/env bash
# Hands a blueprint to the image builder, which checks it. apply reads {"blueprint": TOML} on stdin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/builder.sh
. assets/host/lib/builder.sh

# What was pushed, keyed by the previous release's commit: no other input identifies the blueprint. The blueprints of
# all releases share one name and the builder keeps the last, so each push writes its hash.
DIR=$STATE_DIR/blueprints
PUSHED=$DIR/.pushed/${EDGE_AFTER:-first}

apply() {
  local answer name
  answer=$(builder push-blueprint)
  name=$(jq -r .name <<<"$answer")
  mkdir -p "$DIR/.pushed"
  printf '%s\n' "$name" >"$PUSHED.new"
  mv "$PUSHED.new" "$PUSHED"
  [[ ! -s $DIR/$name.toml ]] || blueprint_hash "$name" >"$DIR/.pushed/$name.sha256"
  printf '%s\n' "$answer"
}

destroy() { :; } # the builder keeps blueprints inside the state directory

blueprint_hash() { sha256sum <"$DIR/$1.toml"; }

status() {
  local name hash found=0
  if ! read_line name "$PUSHED"; then
    drift "the blueprint is not recorded any longer"
  elif [[ ! -s $DIR/$name.toml ]]; then
    drift "the blueprint $name is gone"
  else
    read_line hash "$DIR/.pushed/$name.sha256" || :
    [[ $hash == "$(blueprint_hash "$name" 2>/dev/null)" ]] || drift "the blueprint $name was changed"
    "assets/builders/$EDGE_BUILDER/has-blueprint" "$STATE_DIR" "$name" >/dev/null 2>&1 || found=$?
    # Status 2, a builder that does not answer, is the host's drift.
    ((found != 1)) || drift "the image builder does not know the blueprint $name"
  fi
  json_text name "$name"
  status_result name "$name"
}

run_verb "$@"
