# shellcheck shell=bash
# A release's record: what was composed, how it differs from its parent, how long it took. Needs common.sh; BUILD, WORK,
# RECORD, and the backend's package_list COMMIT, which prints [{name, version, arch}].

# unchanged HASH: was the release composed from these inputs, and does its commit exist?
unchanged() {
  local commit
  jq -e .commit "$RECORD" &>/dev/null || recall_record || return 1
  commit=$(jq -r --arg h "$1" 'select(.inputHash == $h) | .commit' "$RECORD")
  [[ -n $commit ]] && ostree show --repo="$BUILD/repo" "$commit" &>/dev/null && whole "$commit"
}

# recall_record: restores a lost record; a new compose would give a new commit, which devices take as an update
recall_record() {
  [[ -s $(second_record) ]] || return 1
  say "the record of ${RECORD##*/} was lost: put back"
  mkdir -p "${RECORD%/*}"
  cp "$(second_record)" "$RECORD.new"
  mv "$RECORD.new" "$RECORD"
}

second_record() { printf '%s/record-%s\n' "$BUILD" "${RECORD##*/}"; }

# whole COMMIT: does the build repository have all its objects?
whole() {
  local listed
  listed=$(ostree ls --repo="$BUILD/repo" --recursive --checksum "$1" 2>/dev/null) || return 1
  [[ -z $(awk '/^d/ { print $5 ".dirtree"; print $6 ".dirmeta" } /^[-l]/ { print $5 ".file" }' <<<"$listed" | sed 's#^..#&/#' |
    LC_ALL=C sort -u | LC_ALL=C comm -23 - <(cd "$BUILD/repo/objects" && find . -type f -printf '%P\n' -o -type l -printf '%P\n' | sed 's/z$//' | LC_ALL=C sort)) ]]
}

# commit_size COMMIT: total bytes of its files, each name counted
commit_size() { ostree ls --repo="$BUILD/repo" -R "$1" | awk '/^-/ { n += $4 } END { printf "%d\n", n }'; }

# package_changes BEFORE AFTER: {"added","removed","changed"} from one package list file to another; with an empty
# BEFORE nothing counts as added
package_changes() {
  jq -cn --slurpfile old "$1" --slurpfile new "$2" '
    ($old[0] // [] | map({key: .name, value: .version}) | from_entries) as $was |
    ($new[0] | map({key: .name, value: .version}) | from_entries) as $is |
    def listed(in_; not_in): [in_ | to_entries[] | select(not_in[.key] == null) | {name: .key, version: .value}];
    {added: (if $old == [] then [] else listed($is; $was) end), removed: listed($was; $is),
     changed: [$is | to_entries[] | select($was[.key] != null and $was[.key] != .value)
       | {name: .key, from: $was[.key], to: .value}]}'
}

# timings_json: WORK/timings, in seconds
timings_json() {
  jq -Rnc '[inputs | split(" ") | {key: .[0], value: (.[1] | tonumber / 100 | round / 10)}] | from_entries' <"$WORK/timings"
}

# write_record VERSION COMMIT PARENT_COMMIT_OR_EMPTY REF HASH STARTED: WORK/record.json
write_record() {
  local before=$WORK/packages-before.json after=$WORK/packages.json
  if [[ -n $3 ]]; then package_list "$3" >"$before"; else : >"$before"; fi
  package_list "$2" >"$after"
  jq -c --arg version "$1" --arg commit "$2" --arg parent "$3" --arg ref "$4" --arg hash "$5" \
    --argjson count "$(jq length "$after")" --argjson size "$(commit_size "$2")" \
    --arg ms "$(($(now) - $6))" --argjson timings "$(timings_json)" \
    '{$version, $commit, parent: (if $parent == "" then null else $parent end), $ref, packageCount: $count} + . +
     {sizeBytes: $size, seconds: ($ms | tonumber / 100 | round / 10), $timings, inputHash: $hash}' \
    < <(package_changes "$before" "$after") >"$WORK/record.json"
}

# keep_record: now the release counts as composed
keep_record() {
  mkdir -p "${RECORD%/*}"
  cp "$WORK/record.json" "$(second_record)"
  mv "$WORK/record.json" "$RECORD"
}
