# shellcheck shell=bash
# Removes what pruned-paths names. Runs on a flattened tree: removing a hard link harms no cache. Needs here.

# prune TREE: call after the layout is made
prune() {
  local globs=() glob unless package installed
  installed=$'\n'$(cut -f1 "$1/usr/lib/sysimage/packages.list")$'\n'
  while read -r glob unless package; do
    [[ -n $glob && $glob != '#'* ]] || continue
    [[ $unless == unless && $installed == *$'\n'"$package"$'\n'* ]] || globs+=("$glob")
  done <"$here/pruned-paths"
  # shellcheck disable=SC2068 # they are globs
  (cd "$1" && rm -rf -- ${globs[@]})
}
