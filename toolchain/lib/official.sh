# An official Pulumi, used if the host has one. Source this after common.sh and node.sh.
# shellcheck shell=bash

# Older engines lack what @pulumi/pulumi 3.270 and Pulumi.yaml require.
official_least=3.230.0

# Prints the path of a pulumi on PATH that was not built here.
official_pulumi() {
  local pulumi
  pulumi=$(on_host pulumi) || return 1
  case $(readlink -f "$pulumi") in
    # A package of this name in node_modules/.bin only downloads.
    "$CACHE"/* | "$ROOT"/*) return 1 ;;
  esac
  printf '%s\n' "$pulumi"
}

official_chosen() {
  local pulumi found
  [[ ${EDGE_LAB_PULUMI:-} != build ]] || return 1
  pulumi=$(official_pulumi) || return 1
  found=$(PULUMI_SKIP_UPDATE_CHECK=true "$pulumi" version 2>/dev/null) || return 1
  if ! version_at_least "$found" "$official_least"; then
    say "$pulumi is $found and $official_least is needed: building one"
    return 1
  fi
  say "using $pulumi $found"
}

# official_target COMPONENT: the binary that comes with it or that it can install; the rest is
# built
official_target() {
  local pulumi version plugin home=$CACHE/toolchain/official
  pulumi=$(official_pulumi)
  case $1 in
    nodejs) plugin=$(dirname "$(readlink -f "$pulumi")")/pulumi-language-nodejs ;;
    command | random)
      version=$(sed -nE "s|.*\"@pulumi/$1\": \"([^\"]+)\".*|\1|p" "$ROOT/package.json")
      plugin=$home/plugins/resource-$1-v$version/pulumi-resource-$1
      mkdir -p "$CACHE/log"
      [[ -x $plugin ]] || PULUMI_HOME=$home PULUMI_SKIP_UPDATE_CHECK=true timeout 120 "$pulumi" plugin install \
        resource "$1" "$version" --exact >"$CACHE/log/plugin-$1.log" 2>&1 ||
        say "$pulumi cannot install the plugin $1 $version: building it"
      ;;
    *) return 1 ;;
  esac
  [[ -x $plugin ]] && printf '%s\n' "$plugin"
}
