#!/usr/bin/env bash
# The demonstration's web app as a container image in the lab's registry.
# Inputs: EDGE_STATE_DIR, EDGE_REGISTRY (address:port), EDGE_APP_TAG: v1 or v2 (built and pushed), or another
# name such as prod, with EDGE_APP_SOURCE: the tag whose image it gets. Result: {"image","tag","digest"}.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/debian-mirror.sh
. assets/host/lib/debian-mirror.sh
# shellcheck source=assets/host/lib/app-base.sh
. assets/host/lib/app-base.sh
if ! command -v apt-get >/dev/null; then
  # shellcheck source=assets/host/lib/distribution.sh
  . assets/host/lib/distribution.sh
  # shellcheck source=assets/host/lib/app-base-dnf.sh
  . assets/host/lib/app-base-dnf.sh
fi
# shellcheck source=assets/host/lib/app-build.sh
. assets/host/lib/app-build.sh

: "${EDGE_REGISTRY:?}" "${EDGE_APP_TAG:?}"
[[ $EDGE_APP_TAG =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$ ]] || die "EDGE_APP_TAG=$EDGE_APP_TAG is not an image tag"
NAME=httpd
API=http://$EDGE_REGISTRY/v2/$NAME
# The registry keeps a tag as a directory and has no API to delete only the tag.
TAGS=$STATE_DIR/registry/data/docker/registry/v2/repositories/$NAME/_manifests/tags

api() { curl -sS --noproxy '*' -m 20 --fail "$@"; }

# Accept index types too: someone may have pushed a tag by hand.
accept=(-H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json')

tag_digest() {
  api "${accept[@]}" --head "$API/manifests/$1" | tr -d '\r' | sed -n 's/^docker-content-digest: //Ip'
}

# One build at a time; even with a slow download it takes far less than this timeout.
lock_cache() {
  exec 9<"$APP_CACHE"
  flock -w 600 9 || die "another run holds $APP_CACHE"
}

push_built() (
  mkdir -p "$APP_CACHE"
  lock_cache
  app_ensure "$1"
  local layout
  layout=$(app_layout "$1")
  # Same content, same digest: nothing to do if the registry has it.
  [[ $(jq -r '.manifests[0].digest' "$layout/index.json") != "$(tag_digest "$1" 2>/dev/null)" ]] || return 0
  say app "pushes $NAME:$1"
  run_logged app-image app_contained skopeo --insecure-policy copy --quiet --dest-tls-verify=false \
    "oci:$layout:latest" "docker://$EDGE_REGISTRY/$NAME:$1"
)

retag() {
  local source=$1 tag=$2 type manifest=$STATE_DIR/registry/.manifest.$2
  type=$(api "${accept[@]}" -o "$manifest" -w '%{content_type}' "$API/manifests/$source") ||
    die "$NAME:$source is not in the registry $EDGE_REGISTRY"
  api -X PUT -H "Content-Type: $type" --data-binary "@$manifest" "$API/manifests/$tag" >/dev/null
  rm -f "$manifest"
  say app "$NAME:$tag is $source"
}

apply() {
  if [[ -n ${EDGE_APP_SOURCE:-} ]]; then
    retag "$EDGE_APP_SOURCE" "$EDGE_APP_TAG"
  elif [[ -d $APP_DIR/$EDGE_APP_TAG ]]; then
    push_built "$EDGE_APP_TAG"
  else
    die "EDGE_APP_TAG=$EDGE_APP_TAG: v1 and v2 are built here; another tag needs EDGE_APP_SOURCE"
  fi
  result --arg image "$EDGE_REGISTRY/$NAME:$EDGE_APP_TAG" --arg tag "$EDGE_APP_TAG" --arg digest "$(tag_digest "$EDGE_APP_TAG")"
}

destroy() {
  rm -rf "${TAGS:?}/$EDGE_APP_TAG"
  [[ -d $APP_CACHE ]] || return 0
  lock_cache
  rm -rf "$APP_CACHE"/work.*
  app_uncontain
}

status() {
  result --arg image "$EDGE_REGISTRY/$NAME:$EDGE_APP_TAG" --arg tag "$EDGE_APP_TAG" \
    --arg digest "$(tag_digest "$EDGE_APP_TAG" 2>/dev/null)"
}

run_verb "$@"
