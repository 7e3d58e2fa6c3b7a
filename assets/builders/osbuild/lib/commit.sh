# shellcheck shell=bash
# From the image builder's tar (compose.json, repo/) to a commit in the build repository. Needs common.sh; WORK, BUILD.

# commit_take TAR REF: sets COMMIT
commit_take() {
  local dir=$WORK/image ref
  mkdir -p "$dir"
  logged tar -C "$dir" -xf "$1" || die "the image is no tar archive: see $LOG; fix: run it again"
  [[ -s $dir/compose.json && -d $dir/repo ]] || die "the image has no compose.json beside repo: it is no $IMAGE_TYPE"
  COMMIT=$(jq -r '."ostree-commit" // ""' "$dir/compose.json")
  ref=$(jq -r '.ref // ""' "$dir/compose.json")
  [[ $COMMIT =~ ^[0-9a-f]{64}$ ]] || die "compose.json names no commit: $(head -c 300 "$dir/compose.json")"
  [[ $ref == "$2" ]] || die "compose.json says ref $ref, asked for was $2"
  [[ -d $BUILD/repo ]] || ostree init --repo="$BUILD/repo" --mode=archive
  logged ostree pull-local --repo="$BUILD/repo" "$dir/repo" "$COMMIT"
  rm -rf "$dir"
}

# commit_keep VERSION PARENT_OR_EMPTY: checks the parent, and keeps the commit by the ref release/VERSION
commit_keep() {
  local parent
  parent=$(ostree show --repo="$BUILD/repo" "$COMMIT" | sed -n 's/^Parent: *//p')
  [[ $parent == "$2" ]] || die "commit $COMMIT has the parent '${parent:-none}', asked for was '${2:-none}'"
  ostree refs --repo="$BUILD/repo" --delete "release/$1"
  ostree refs --repo="$BUILD/repo" --create="release/$1" "$COMMIT"
}
