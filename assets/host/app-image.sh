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
# What pushing needs, see registry-push.sh.
PUSH=$STATE_DIR/registry/push
# The registry keeps a tag as a directory and has no API to delete only the tag.
TAGS=$STATE_DIR/registry/data/docker/registry/v2/repositories/$NAME/_manifests/tags

api() { curl -sS --noproxy '*' -m 20 --fail "$@"; }

# What apply pushed: the digest on the first line, then, for a built tag, the digests of its blobs. Kept outside the
# registry's data, which may get lost.
DECLARED=$STATE_DIR/registry/declared/$EDGE_APP_TAG

# An index type must be accepted too: a tag may have been pushed by hand.
accept=(-H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json')

tag_digest() {
  api "${accept[@]}" --head "$API/manifests/$1" | tr -d '\r' | sed -n 's/^docker-content-digest: //Ip'
}

# blob_there DIGEST: does the registry's storage have this blob and the link to it? Reads the files: the API would need
# one request per blob.
blob_there() {
  local hex=${1#sha256:}
  [[ -s ${TAGS%/repositories/*}/blobs/sha256/${hex:0:2}/$hex/data &&
    -s ${TAGS%/_manifests/tags}/_layers/sha256/$hex/link ]]
}

# pushed DIGEST LAYOUT: does the registry have the whole image?
pushed() {
  local blob
  [[ $1 == "$(tag_digest "$EDGE_APP_TAG" 2>/dev/null)" ]] || return 1
  for blob in $(layout_blobs "$2"); do blob_there "$blob" || return 1; done
}

# layout_blobs LAYOUT: digests of the image's configuration and layers
layout_blobs() {
  local digest
  digest=$(jq -r '.manifests[0].digest' "$1/index.json")
  jq -r '.config.digest, .layers[].digest' "$1/blobs/${digest/://}"
}

# note_declared DIGEST [BLOB]...
note_declared() {
  mkdir -p "${DECLARED%/*}"
  printf '%s\n' "$@" >"$DECLARED.new"
  mv "$DECLARED.new" "$DECLARED"
}

# One build at a time; even a full one with a slow download takes far less than this wait.
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
  ! pushed "$(jq -r '.manifests[0].digest' "$layout/index.json")" "$layout" || return 0
  say app "pushes $NAME:$1"
  run_logged app-image app_contained skopeo --insecure-policy copy --quiet --dest-tls-verify=false \
    --dest-authfile "$PUSH/auth.json" "oci:$layout:latest" "docker://$(<"$PUSH/address")/$NAME:$1"
)

retag() {
  local source=$1 tag=$2 type manifest=$STATE_DIR/registry/.manifest.$2
  type=$(api "${accept[@]}" -o "$manifest" -w '%{content_type}' "$API/manifests/$source") ||
    die "$NAME:$source is not in the registry $EDGE_REGISTRY"
  api -X PUT -H "Content-Type: $type" --data-binary "@$manifest" --netrc-file "$PUSH/netrc" \
    "http://$(<"$PUSH/address")/v2/$NAME/manifests/$tag" >/dev/null
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
  local digest blobs=()
  digest=$(tag_digest "$EDGE_APP_TAG")
  [[ -n ${EDGE_APP_SOURCE:-} ]] ||
    mapfile -t blobs < <(api "${accept[@]}" "$API/manifests/$digest" | jq -r '.config.digest, .layers[].digest')
  note_declared "$digest" "${blobs[@]}"
  result --arg image "$EDGE_REGISTRY/$NAME:$EDGE_APP_TAG" --arg tag "$EDGE_APP_TAG" --arg digest "$digest"
}

destroy() {
  rm -f "$DECLARED"
  rm -rf "${TAGS:?}/$EDGE_APP_TAG"
  [[ -d $APP_CACHE ]] || return 0
  lock_cache
  rm -rf "$APP_CACHE"/work.*
  app_uncontain
}

# image_drift STATUS_LINE DIGEST: compares the registry's answer for the tag with what was declared
image_drift() {
  local declared=() blob code=${1#* } digest=$2
  code=${code%% *}
  [[ ! -r $DECLARED ]] || mapfile -t declared <"$DECLARED"
  if [[ ! $code =~ ^[0-9]+$ ]]; then
    # No answer: the registry's own status reports that.
    return
  elif [[ $code == 404 ]]; then
    drift "$NAME:$EDGE_APP_TAG is not in the registry"
  elif [[ $code != 200 ]]; then
    drift "the registry answers $code for $NAME:$EDGE_APP_TAG"
  elif ((${#declared[@]} == 0)); then
    drift "what $NAME:$EDGE_APP_TAG must be is not recorded any longer"
  elif [[ $digest != "${declared[0]}" ]]; then
    drift "$NAME:$EDGE_APP_TAG is another image: ${digest:0:19}, not ${declared[0]:0:19}"
  fi
  for blob in "${declared[@]:1}"; do
    blob_there "$blob" || drift "the registry has lost a layer of $NAME:$EDGE_APP_TAG"
  done
}

# here: is the registry's address this host's? While the bridge is gone, a request would leave the host, and something
# else might answer.
here() { [[ "$(ip -o -4 addr show) " == *" inet ${EDGE_REGISTRY%:*}/"* ]]; }

status() {
  local headers='' digest='' image tag text
  if tools curl ip && here; then
    headers=$(curl -sS --noproxy '*' -m 2 "${accept[@]}" --head "$API/manifests/$EDGE_APP_TAG" 2>/dev/null) || :
    headers=${headers//$'\r'/}
    [[ ! ${headers,,} =~ docker-content-digest:\ *(sha256:[0-9a-f]{64}) ]] || digest=${BASH_REMATCH[1]}
    image_drift "${headers%%$'\n'*}" "$digest"
  fi
  json_text image "$EDGE_REGISTRY/$NAME:$EDGE_APP_TAG"
  json_text tag "$EDGE_APP_TAG"
  json_text text "$digest"
  status_result image "$image" tag "$tag" digest "$text"
}

run_verb "$@"
