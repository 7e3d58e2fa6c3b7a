# shellcheck shell=bash
# A release's record: what was composed, how it differs from its parent, how long it took. Needs WORK, BUILD.

# package_list COMMIT: "name TAB version TAB arch" of a commit in the build repository
package_list() { ostree cat --repo="$BUILD/repo" "$1" /usr/lib/sysimage/packages.list; }

# packages_json: of a package list on stdin
packages_json() { jq -Rnc '[inputs | split("\t") | {name: .[0], version: .[1], arch: .[2]}]'; }

# package_changes PARENT_COMMIT_OR_EMPTY LIST_FILE: {"added","removed","changed"}
package_changes() {
  local before='[]'
  [[ -z $1 ]] || before=$(package_list "$1" | packages_json)
  packages_json <"$2" >"$WORK/after.json"
  jq -cn --argjson first "$([[ -n $1 ]] && echo false || echo true)" --slurpfile old <(printf '%s' "$before") \
    --slurpfile new "$WORK/after.json" '
    ($old[0] | map({key: .name, value: .version}) | from_entries) as $was |
    ($new[0] | map({key: .name, value: .version}) | from_entries) as $is |
    def listed(in_; not_in): [in_ | to_entries[] | select(not_in[.key] == null) | {name: .key, version: .value}];
    {added: (if $first then [] else listed($is; $was) end), removed: listed($was; $is),
     changed: [$is | to_entries[] | select($was[.key] != null and $was[.key] != .value)
       | {name: .key, from: $was[.key], to: .value}]}'
}

# timings_json: of WORK/timings, in seconds
timings_json() {
  jq -Rnc '[inputs | split(" ") | {key: .[0], value: (.[1] | tonumber / 100 | round / 10)}] | from_entries' <"$WORK/timings"
}

# tree_size DIR: bytes of all its files, each name counted
tree_size() { find "$1" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%d\n", n }'; }
