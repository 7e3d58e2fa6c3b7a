#!/usr/bin/env bash
# Pushes an image to the lab's registry, as the demonstration does by hand: push.sh NAME:TAG SOURCE, where SOURCE is in
# skopeo's form (containers-transports(5)) and may be - for an archive of "podman save" on standard input.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/caller.sh
. assets/host/lib/caller.sh
# shellcheck source=assets/host/lib/root.sh
. assets/host/lib/root.sh
become_root "$@"
# shellcheck source=assets/host/lib/log.sh
. assets/host/lib/log.sh
PUSH=${EDGE_STATE_DIR:?}/registry/push
archive=""

main() {
  local image=${1:-} source=${2:-} address status=0
  [[ $image =~ ^[a-z0-9]+([._/-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$ ]] ||
    die "'$image' is not an image of the registry; rule: NAME:TAG, the name in lower case; fix: such as demo:v1"
  [[ -s $PUSH/address ]] || die "the lab's registry takes no pushes: it is not up; fix: npm run up"
  if [[ $source == - ]]; then
    # skopeo reads an archive twice.
    archive=$(mktemp /var/tmp/edge-push.XXXXXX)
    trap 'rm -f "$archive"' EXIT
    cat >"$archive"
    [[ -s $archive ]] || die "standard input is empty; fix: podman save IMAGE | npm run lab -- push $image"
    source=docker-archive:$archive
  fi
  read -r address <"$PUSH/address"
  skopeo --insecure-policy copy --quiet --dest-tls-verify=false --dest-authfile "$PUSH/auth.json" \
    "$source" "docker://$address/$image" >&2 || status=$?
  ((status == 0)) || die "skopeo could not push $source as $image; fix: what it says above; a source is in its form, such as containers-storage:IMAGE, oci:FOLDER, docker-archive:FILE"
  say push "$image is pushed"
}

main "$@"
