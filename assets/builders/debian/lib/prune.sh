# shellcheck shell=bash
# Leaves out what pruned-paths names. Runs on a flattened tree: removing a hard link harms no cache. Needs here.

# prune TREE: after the layout is made
prune() {
  local tree=$1 glob unless package
  while read -r glob unless package; do
    [[ -n $glob && $glob != '#'* ]] || continue
    if [[ $unless == unless ]] && grep -q "^$package"$'\t' "$tree/usr/lib/sysimage/packages.list"; then continue; fi
    # shellcheck disable=SC2086 # a glob on purpose
    (cd "$tree" && rm -rf -- $glob)
  done <"$here/pruned-paths"
}
