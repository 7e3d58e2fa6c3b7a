# shellcheck shell=bash
# Builds the app images as OCI layouts in the cache; each name has a hash of the image's inputs.
# Needs paths.sh, log.sh, debian-mirror.sh, app-base.sh.

APP_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../app" && pwd)
APP_CACHE=$CACHE_DIR/app

# app_key NAME: changes with any file that goes into the image
app_key() {
  {
    case $1 in
      base) cat "$APP_DIR"/../host/lib/app-base*.sh && uname -m ;;
      v1) app_key base ;;
      v2) app_key v1 ;;
    esac
    (cd "$APP_DIR/$1" && sha256sum -- *)
  } | sha256sum | cut -c1-16
}

app_layout() { echo "$APP_CACHE/$1-$(app_key "$1")"; }

# app_contained CMD...: the containers tools keep a cache in /var/lib/containers that no option moves; a mount
# namespace hides it until CMD ends. Neither the caller's nor the host's settings apply. The caller holds the
# lock on APP_CACHE.
app_contained() {
  local status=0
  # Record first that the directory is ours: after a kill here, the next run removes it.
  [[ -d /var/lib/containers ]] || : >"$APP_CACHE/made-var-lib-containers"
  mkdir -p /var/lib/containers
  env -i PATH="$PATH" HOME=/nonexistent TMPDIR="${TMPDIR:-/var/tmp}" unshare --mount --propagation private \
    bash -euc 'mount -t tmpfs -o size=16m tmpfs /var/lib/containers; exec "$@"' bash "$@" || status=$?
  app_uncontain
  return "$status"
}

# app_uncontain: removes the directory if it was made here and nobody else uses it now
app_uncontain() {
  [[ -e $APP_CACHE/made-var-lib-containers ]] || return 0
  [[ ! -d /var/lib/containers ]] || rmdir --ignore-fail-on-non-empty /var/lib/containers
  rm -f "$APP_CACHE/made-var-lib-containers"
}

# app_buildah WORK ARGS...: with its own store, without mounts (vfs); paths are relative to WORK
app_buildah() (
  cd "$1" || exit
  shift
  TMPDIR=$PWD app_contained env BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF="$PWD/storage.conf" \
    CONTAINERS_REGISTRIES_CONF="$PWD/registries.conf" \
    buildah --root "$PWD/store" --runroot "$PWD/run" --storage-driver vfs "$@"
)

# app_build_image NAME WORK: base from the package tar, a version from its parent and its page
app_build_image() {
  local name=$1 work=$2 parent from=scratch
  local context=$work/context-$name
  cp -r "$APP_DIR/$name" "$context"
  case $name in
    base) app_base_tar "$APP_DIR/base" "$work" "$context/base.tar" ;;
    v1) parent=base ;;
    v2) parent=v1 ;;
  esac
  if [[ -n ${parent:-} ]]; then
    ln -sfn "$(app_layout "$parent")" "$work/parent"
    from=oci:parent
    PATH=$PATH:/usr/games "$APP_DIR/$name/page.sh" >"$context/index.txt"
  fi
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
  printf '[storage]\ndriver = "vfs"\n' >"$work/storage.conf"
  : >"$work/registries.conf"
  run_logged app-image app_buildah "$work" build --quiet --format oci --timestamp 0 --network none \
    --signature-policy policy.json --build-arg "FROM=$from" --tag "$name" "context-$name"
  run_logged app-image app_buildah "$work" push --quiet --signature-policy policy.json "$name" "oci:out:latest"
  mv "$work/out" "$(app_layout "$name")"
}

# app_ensure NAME: builds the layout of NAME (base, v1, v2), and its parents', unless cached
app_ensure() {
  local name=$1 work
  [[ ! -d $(app_layout "$name") ]] || return 0
  case $name in
    v1) app_ensure base ;;
    v2) app_ensure v1 ;;
  esac
  say app "builds $name"
  # Clean up after a killed run; the caller holds the lock.
  rm -rf "$APP_CACHE"/work.*
  work=$(mktemp -d "$APP_CACHE/work.XXXXXX")
  app_build_image "$name" "$work"
  rm -rf "$work"
}
