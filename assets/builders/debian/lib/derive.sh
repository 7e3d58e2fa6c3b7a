# shellcheck shell=bash
# A commit on top of another one in the content server's repository, with a few extra files: for scenarios, without
# a compose. Needs INPUT, REPO, WORK, delta.sh, and COMMIT_OPTIONS: how the backend makes its commits.

# overlay_files TREE
overlay_files() {
  local file path
  while IFS= read -r file; do
    path=$(jq -r .path <<<"$file")
    [[ $path == /usr/* && $path != *..* ]] || die "files: $path: only what lies under /usr comes with a commit"
    mkdir -p "$1${path%/*}"
    if jq -e 'has("target")' <<<"$file" >/dev/null; then
      ln -s "$(jq -r .target <<<"$file")" "$1$path"
    else
      jq -j .content <<<"$file" >"$1$path"
      chmod "$(jq -r '.mode // "0644"' <<<"$file")" "$1$path"
    fi
  done < <(jq -c '.files[]' <<<"$INPUT")
}

# overlay_initramfs TREE BASE: the kernel unpacks archives in order, and the last file wins
overlay_initramfs() {
  local modules kernel image
  jq -e '.initramfs != null' <<<"$INPUT" >/dev/null || return 0
  modules=/usr/lib/modules
  kernel=$(ostree ls --repo="$REPO" --nul-filenames-only "$2" "$modules" | tr '\0' '\n' | sed -n "s#^$modules/##p" | tail -n 1)
  image=$1$modules/$kernel/initramfs.img
  mkdir -p "${image%/*}" "$1.init"
  ostree cat --repo="$REPO" "$2" "$modules/$kernel/initramfs.img" >"$image"
  # An uncompressed archive must start at a multiple of four bytes.
  truncate -s %4 "$image"
  jq -j .initramfs <<<"$INPUT" >"$1.init/init"
  chmod 755 "$1.init/init"
  (cd "$1.init" && printf 'init\0' | cpio -0 -o -H newc --quiet -R 0:0) >>"$image"
}

derive() {
  local base=$1 version=$2 ref=$3 tree=$WORK/tree branch=scenario/${2//+/_} commit timestamp
  timestamp=$(jq -r '.timestamp // ""' <<<"$INPUT")
  [[ -z $timestamp ]] || COMMIT_OPTIONS+=(--timestamp="$timestamp")
  mkdir -p "$tree/usr"
  overlay_files "$tree"
  overlay_initramfs "$tree" "$base"
  logged ostree commit --repo="$REPO" --branch="$branch" --bind-ref="$ref" --parent="$base" \
    --tree=ref="$base" --tree=dir="$tree" --bootable --subject="Scenario $version" \
    --add-metadata-string=version="$version" "${COMMIT_OPTIONS[@]}"
  commit=$(ostree rev-parse --repo="$REPO" "$branch")
  phase delta make_delta "$base" "$commit"
  logged ostree summary --repo="$REPO" --update
  jq -cn --arg commit "$commit" --argjson delta "$(delta_size "$base" "$commit")" '$ARGS.named'
}
