# shellcheck shell=bash
# The registry's program: Debian and Fedora package it; other hosts build it once from a pinned and checksummed
# Go module (toolchain/registry). Needs paths.sh, log.sh.

# registry_installed: path of the distribution's program
registry_installed() { command -v docker-registry || command -v registry; }

# registry_program: path of the program
registry_program() {
  registry_installed && return 0
  local key dir
  key=$(cat toolchain/registry/* | sha256sum | cut -c 1-16)
  dir=$CACHE_DIR/registry-$key
  if [[ ! -x $dir/registry ]]; then
    say registry "building its program from Go modules, once (about a minute)"
    rm -rf "$dir.tmp"
    mkdir -p "$dir.tmp"
    CGO_ENABLED=0 run_logged registry-build toolchain/go.sh registry build -trimpath -buildvcs=false \
      -ldflags='-s -w' -o "$dir.tmp/registry" . || die "the registry's program could not be built; fix: see above, or install a package that brings docker-registry or registry"
    rm -rf "$dir"
    mv "$dir.tmp" "$dir"
  fi
  echo "$dir/registry"
}
