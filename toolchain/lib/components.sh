# What is built, from what, and where it is kept: $CACHE/toolchain/COMPONENT-KEY/, where KEY is a
# hash of its pins and sources. So a changed command provider does not rebuild the CLI. Source
# this after common.sh.
# shellcheck shell=bash

ENGINE_VERSION=3.259.0
# No DWARF: -w would drop it at the end anyway, and leaving it out saves time.
BUILD_FLAGS=(-trimpath -buildvcs=false -modcacherw -gcflags=all=-dwarf=false
  "-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$ENGINE_VERSION")

# The CLI, then the plugins that Pulumi.yaml names.
# shellcheck disable=SC2034
COMPONENTS=(cli nodejs command libvirt random)

component_binary() {
  case $1 in
    cli) printf 'pulumi\n' ;;
    nodejs) printf 'pulumi-language-nodejs\n' ;;
    *) printf 'pulumi-resource-%s\n' "$1" ;;
  esac
}

# component_package COMPONENT: what to build, in the module toolchain/cli or toolchain/plugins
component_package() {
  case $1 in
    cli) printf 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi\n' ;;
    *) printf './cmd/%s\n' "$(component_binary "$1")" ;;
  esac
}

# component_sources COMPONENT: the files that determine the binary
component_sources() {
  local plugins=toolchain/plugins directories
  case $1 in
    cli)
      printf '%s\n' toolchain/cli/go.mod toolchain/cli/go.sum
      return
      ;;
    nodejs) directories=(nodejs process) ;;
    command) directories=(local process) ;;
    libvirt) directories=(libvirt process) ;;
    random) directories=(random random-shim process) ;;
  esac
  printf '%s\n' "$plugins/go.mod" "$plugins/go.sum"
  find "${directories[@]/#/$plugins/}" "$plugins/cmd/$(component_binary "$1")" -type f \
    ! -name '*_test.go' ! -path '*/testdata/*'
}

# component_dir COMPONENT
component_dir() {
  local key
  key=$({
    uname -m
    printf '%s\n' "${BUILD_FLAGS[@]}"
    # Relative names: the same sources elsewhere give the same key.
    cd "$ROOT" && component_sources "$1" | LC_ALL=C sort | xargs -d '\n' sha256sum
  } | sha256sum | cut -c 1-16)
  printf '%s/toolchain/%s-%s\n' "$CACHE" "$1" "$key"
}

component_path() { printf '%s/%s\n' "$(component_dir "$1")" "$(component_binary "$1")"; }
