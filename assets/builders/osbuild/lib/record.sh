# shellcheck shell=bash
# A release's record: what was composed and how it differs from its parent. Needs WORK, BUILD.

# package_list COMMIT: [{name, version, arch}] by rpm-ostree, which prints a head line and " NAME-VERSION-RELEASE.ARCH"
package_list() {
  rpm-ostree db list --repo="$BUILD/repo" "$1" | sed -n 's/^ \([^ ]\)/\1/p' |
    jq -Rnc '[inputs | capture("^(?<name>.+)-(?<version>[^-]+-[^-]+)\\.(?<arch>[^.]+)$")]'
}

# package_changes PARENT_COMMIT_OR_EMPTY: the list of the new commit is in WORK/packages.json
package_changes() {
  local before=$WORK/packages-before.json
  if [[ -n $1 ]]; then package_list "$1" >"$before"; else echo '[]' >"$before"; fi
  jq -cn --argjson first "$([[ -n $1 ]] && echo false || echo true)" --slurpfile old "$before" \
    --slurpfile new "$WORK/packages.json" '
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
