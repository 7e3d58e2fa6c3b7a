#!/usr/bin/env bash
# Regenerates committed files that a program writes: the schemas of the bridged providers and the
# SDK @pulumi/libvirt, compiled. Needed only after a provider's pin changed; users never run it.
# With a directory as its argument it writes there and leaves the project alone
# (tests/engine/generate.test.ts compares).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=toolchain/lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=toolchain/lib/components.sh
source "$here/lib/components.sh"
# shellcheck source=toolchain/lib/golang.sh
source "$here/lib/golang.sh"
# shellcheck source=toolchain/lib/build.sh
source "$here/lib/build.sh"

sources=$ROOT/toolchain/plugins
out=${1:-$ROOT}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

version_of() { sed -n 's/^const Version = "\(.*\)"$/\1/p' "$sources/$1/provider.go"; }

build_generators() {
  hold_go_caches
  find_go
  use_go_caches
  go_build generators plugins "$work" ./cmd/tfgen-libvirt ./cmd/tfgen-random ./cmd/sdkgen
}

# Generation does not use the providers' embedded schema.json; only serving does.
write_schema() { # NAME
  local target=$out/toolchain/plugins/$1
  mkdir -p "$target"
  PULUMI_SKIP_MISSING_MAPPING_ERROR=true "$work/tfgen-$1" schema --skip-docs --skip-examples \
    --out "$target" >"$work/$1.log" 2>&1 || {
    cat "$work/$1.log" >&2
    return 1
  }
  rm -f "$target/Pulumi.yaml"
}

# Compiled here, so that its installation needs no script and no compiler. The sources are
# generated inside the project, because tsc searches for @pulumi/pulumi from there upwards.
write_libvirt_sdk() {
  local version source=$LINKS/sdk-source target=$out/sdks/libvirt
  version=$(version_of libvirt)
  rm -rf "$source" "$target"
  mkdir -p "$source" "$target"
  "$work/sdkgen" "$out/toolchain/plugins/libvirt/schema.json" "$version" "$source"
  (cd "$source" && "$ROOT/node_modules/.bin/tsc" --outDir "$target/bin" \
    --sourceMap false --declarationMap false --module commonjs --moduleResolution node10)
  sed "s/VERSION/$version/g" "$ROOT/toolchain/libvirt-sdk.package.json" >"$target/package.json"
  cp "$target/package.json" "$target/bin/package.json"
  cp "$source/README.md" "$target/README.md"
  rm -rf "$source"
}

main() {
  build_generators
  write_schema libvirt
  write_schema random
  write_libvirt_sdk
}

main "$@"
