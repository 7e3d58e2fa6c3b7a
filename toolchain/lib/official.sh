# An official Pulumi: used where the host has one. Sourced after common.sh and node.sh.
# shellcheck shell=bash

# Older engines do not know what @pulumi/pulumi 3.270 and Pulumi.yaml ask of them.
official_least=3.230.0

# Prints the path of a pulumi on PATH that is not the one built here.
official_pulumi() {
  local directory found
  while read -r -d : directory; do
    [[ $directory == */node_modules/.edge-lab/bin || ! -x $directory/pulumi ]] && continue
    found=$(readlink -f "$directory/pulumi")
    # npm puts a package of this name into node_modules/.bin; it only downloads.
    [[ $found == "$CACHE"/* || $found == "$ROOT"/* ]] && continue
    printf '%s\n' "$directory/pulumi"
    return
  done <<<"$PATH:"
  return 1
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

# Links the language host beside it, and the plugins that it can install; the others are built.
link_official() {
  local pulumi name version home=$CACHE/toolchain/official plugin
  pulumi=$(official_pulumi)
  plugin=$(dirname "$(readlink -f "$pulumi")")/pulumi-language-nodejs
  [[ ! -x $plugin ]] || ln -s "$plugin" "$LINKS/plugins/"
  mkdir -p "$CACHE/log"
  for name in random command; do
    version=$(sed -nE "s|.*\"@pulumi/$name\": \"([^\"]+)\".*|\1|p" "$ROOT/package.json")
    plugin=$home/plugins/resource-$name-v$version/pulumi-resource-$name
    [[ -x $plugin ]] || PULUMI_HOME=$home PULUMI_SKIP_UPDATE_CHECK=true timeout 120 "$pulumi" plugin install \
      resource "$name" "$version" --exact >"$CACHE/log/plugin-$name.log" 2>&1 ||
      say "$pulumi cannot install the plugin $name $version: building it"
    [[ ! -x $plugin ]] || ln -s "$plugin" "$LINKS/plugins/"
  done
}
