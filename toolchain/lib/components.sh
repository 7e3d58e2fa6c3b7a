# What is built, from what, and where it is kept: $CACHE/toolchain/COMPONENT-KEY/, where KEY is
# a hash of the pins and sources that go into it. So a changed command provider does not build
# the CLI again. Sourced after common.sh.
# shellcheck shell=bash

ENGINE_VERSION=3.259.0
# shellcheck disable=SC2034
VERSION_SYMBOL=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version

# `engine` is the CLI and the language host together: the CLI takes the language host that
# lies beside it, and warns at every run about one that it finds elsewhere.

# component_binaries COMPONENT
component_binaries() {
  case $1 in
    engine) printf 'pulumi\npulumi-language-nodejs\n' ;;
    *) printf 'pulumi-resource-%s\n' "$1" ;;
  esac
}

# component_sources COMPONENT: files that decide what the binaries are
component_sources() {
  local providers=$ROOT/toolchain/providers
  case $1 in
    engine) find "$ROOT/toolchain/cli" "$ROOT/toolchain/language-nodejs" -type f ;;
    libvirt) find "$providers/libvirt" "$providers/cmd/pulumi-resource-libvirt" -type f ;;
    random)
      find "$providers/random" "$providers/random-shim" "$providers/cmd/pulumi-resource-random" -type f
      ;;
    command) find "$providers/command" "$providers/cmd/pulumi-resource-command" -name '*.go' ! -name '*_test.go' ;;
  esac
  [[ $1 == engine ]] || printf '%s\n' "$providers/go.mod" "$providers/go.sum"
}

component_key() {
  {
    uname -m
    printf '%s\n' "$ENGINE_VERSION" "${BUILD_FLAGS[@]}"
    # Relative names: the same sources elsewhere make the same key.
    component_sources "$1" | sed "s|^$ROOT/||" | LC_ALL=C sort |
      (cd "$ROOT" && xargs -d '\n' sha256sum)
  } | sha256sum | cut -c 1-16
}

component_dir() { printf '%s/toolchain/%s-%s\n' "$CACHE" "$1" "$(component_key "$1")"; }

component_built() {
  local directory=$1 component=$2 binary
  while read -r binary; do
    [[ -x $directory/$binary ]] || return 1
  done < <(component_binaries "$component")
}
