# shellcheck shell=bash
# export {stateDir, version, commit, parent, repo} -> {"commit","objects","bytes","delta"}: the release into the content
# server's repository, kept there by the ref release/VERSION, with the static delta from its parent. Devices follow
# another ref, which the publisher moves. Needs common.sh, root.sh, delta.sh.

# repository_ready: an archive repository that any server may read
repository_ready() {
  umask 022
  if [[ ! -f $REPO/config ]]; then
    mkdir -p "$REPO"
    ostree init --repo="$REPO" --mode=archive
  fi
  # Level 2 compresses nearly as well as 6 here, in a third of the time.
  ostree config --repo="$REPO" set archive.zlib-level 2
  ostree config --repo="$REPO" set core.fsync false
}

# commit_objects COMMIT: its files under objects/
commit_objects() {
  {
    printf '%s.commit\n' "$1"
    ostree ls --repo="$REPO" --recursive --checksum "$1" |
      awk '/^d/ { print $5 ".dirtree"; print $6 ".dirmeta" } /^[-l]/ { print $5 ".filez" }'
  } | sed 's#^..#&/#' | LC_ALL=C sort -u
}

# release_content COMMIT PARENT_OR_EMPTY: "PATH SIZE" of what COMMIT adds to its parent: objects, signature, delta
release_content() {
  local delta
  delta=$(delta_dir "$2" "$1")
  {
    LC_ALL=C comm -23 <(commit_objects "$1") <([[ -z $2 ]] || commit_objects "$2") | sed 's#^#objects/#'
    [[ ! -e $REPO/objects/${1:0:2}/${1:2}.commitmeta ]] || printf 'objects/%s/%s.commitmeta\n' "${1:0:2}" "${1:2}"
    [[ ! -d $delta ]] || (cd "$REPO" && find "deltas/${delta#"$REPO/deltas/"}" -type f)
  } | (cd "$REPO" && xargs -d '\n' stat -c '%n %s') | LC_ALL=C sort
}

# keep_content COMMIT PARENT_OR_EMPTY: writes the list that commit.sh checks for losses
keep_content() {
  release_content "$1" "$2" >"$CONTENT.new"
  mv "$CONTENT.new" "$CONTENT"
  grep -qxF "$1" "${CONTENT%/*}/commits" 2>/dev/null || printf '%s\n' "$1" >>"${CONTENT%/*}/commits"
}

# new_objects: {"objects","bytes"} from the list
new_objects() {
  awk '/^objects/ && !/\.commitmeta / { n++; b += $NF } END { printf "{\"objects\":%d,\"bytes\":%d}\n", n, b }' "$CONTENT"
}

# drop_damaged COMMIT: removes damaged files of an earlier export and marks the commit partial: libostree checks an
# existing commit only if it is partial
drop_damaged() {
  local path damaged=
  [[ -e $REPO/objects/${1:0:2}/${1:2}.commit ]] || return 0
  if grep -qs "^objects/${1:0:2}/${1:2}.commit " "$CONTENT"; then
    while read -r path _; do
      case $path in
        deltas/*) rm -rf "${REPO:?}/${path%/*}" ;;
        *) rm -f "$REPO/$path" && damaged=yes ;;
      esac
    done < <(LC_ALL=C comm -23 "$CONTENT" <(cd "$REPO" && find objects deltas -type f -printf '%p %s\n' 2>/dev/null | LC_ALL=C sort))
  else
    damaged=yes
  fi
  [[ -z $damaged ]] || : >"$REPO/state/$1.commitpartial"
}

# export_release FIRST VERSION COMMIT PARENT_OR_EMPTY: FIRST is a command that gets the commit of a release without a
# parent: devices are installed with that one and get later ones as updates
export_release() {
  local first=$1 version=$2 commit=$3 parent=$4 delta=null replaced=
  repository_ready
  drop_damaged "$commit"
  if ! ostree show --repo="$REPO" "$commit" &>/dev/null || [[ -e $REPO/state/$commit.commitpartial ]]; then
    phase pull logged ostree pull-local --repo="$REPO" "$BUILD/repo" "$commit"
  fi
  replaced=$(ostree rev-parse --repo="$REPO" "release/$version" 2>/dev/null) || replaced=''
  [[ $replaced != "$commit" ]] || replaced=''
  ostree refs --repo="$REPO" --delete "release/$version"
  ostree refs --repo="$REPO" --create="release/$version" "$commit"
  if [[ -n $parent ]]; then
    ostree show --repo="$REPO" "$parent" &>/dev/null || die "the parent commit $parent is not in $REPO: export it first"
    phase delta make_delta "$parent" "$commit"
    delta=$(delta_size "$parent" "$commit")
  else
    "$first" "$commit"
  fi
  # A recomposed release's old commit is no longer served, unless another ref still holds it for devices.
  [[ -z $replaced ]] || phase prune logged ostree prune --repo="$REPO" --refs-only
  # Clients find deltas through the summary, so it comes last.
  phase summary logged ostree summary --repo="$REPO" --update
  keep_content "$commit" "$parent"
  new_objects | jq -c --arg commit "$commit" --argjson delta "$delta" '{$commit} + . + {$delta}'
}

# export_verb FIRST: the verb's input on stdin
export_verb() {
  local state version
  need jq ostree flock
  read_input
  state=$(field stateDir)
  version=$(field version)
  BUILD=$state/build
  REPO=$(field repo)
  LOG=$state/log/export-$version.log
  CONTENT=$state/releases/$version.objects
  mkdir -p "$state/releases"
  locked "$BUILD/export.lock" export_release "$1" "$version" "$(field commit)" "$(field_or parent '')"
}
