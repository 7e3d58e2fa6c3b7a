# shellcheck shell=bash
# The steps of one release, in order: the layers below it, its tree, its commit, and what to keep.
# Needs here, INPUT, BUILD, STATE, RECORD, WORK and all parts beside it.

# prepare_chain VERSION PARENT: makes S/build/VERSION.tmp with the names of the layers below the release
prepare_chain() {
  local dir=$BUILD/$1.tmp key
  mkdir -p "$dir"
  package_specs | sort >"$dir/requested"
  if [[ -z $2 ]]; then
    key=$(base_key)
    base_import "$key"
    printf 'base-%s\n' "$key" >"$dir/chain"
    return 0
  fi
  [[ -s $BUILD/$2/chain ]] || die "the parent release $2 has no tree under $BUILD: compose it first"
  base_import "$(sed -n '1s/^base-//p' "$BUILD/$2/chain")"
  cp "$BUILD/$2/chain" "$dir/chain"
  package_difference "$2" >"$WORK/difference"
  if [[ -s $WORK/difference ]]; then
    phase packages package_layer "$1" "$WORK/difference" "$dir/chain"
    printf '%s/layer\n' "$1" >>"$dir/chain"
  fi
}

# build_tree VERSION: WORK/tree, ready to commit
build_tree() {
  local at=$WORK/merged layers=() name chain=$WORK/chain
  # The release's own layer still has its temporary name.
  sed "s#^$1/layer\$#$1.tmp/layer#" "$BUILD/$1.tmp/chain" >"$chain"
  mount_layer "$chain" "$WORK/image" "$at"
  phase image image_layer "$at" "$1"
  phase initramfs make_initramfs "$at" "$(kernel_version "$at")" "$WORK/initramfs.img"
  while read -r name; do layers+=("$BUILD/$name"); done <"$chain"
  phase flatten flatten "$WORK/tree" "$at" "${layers[@]}" "$WORK/image"
  unmount_layer "$WORK/image" "$at"
  phase layout ostree_layout "$WORK/tree"
  phase prune prune "$WORK/tree"
  install -m 644 "$WORK/initramfs.img" "$WORK/tree/usr/lib/modules/$(kernel_version "$WORK/tree")/initramfs.img"
}

# commit_tree VERSION REF PARENT_COMMIT
commit_tree() {
  logged ostree commit --repo="$BUILD/repo" --branch="$2" --bind-ref="release/$1" --parent="${3:-none}" \
    --tree=dir="$WORK/tree" --subject="Edge release $1" --add-metadata-string=version="$1" --bootable \
    --link-checkout-speedup --gpg-sign="$SIGNING_KEY" --gpg-homedir="$SIGNING_HOME"
  COMMIT=$(ostree rev-parse --repo="$BUILD/repo" "$2")
  ostree refs --repo="$BUILD/repo" --delete "release/$1"
  ostree refs --repo="$BUILD/repo" --create="release/$1" "$COMMIT"
}

# keep_release VERSION: only now layers and record get their names
keep_release() {
  local replaced=
  [[ ! -d $BUILD/$1 ]] || replaced=yes
  rm -rf "${BUILD:?}/$1"
  mv "$BUILD/$1.tmp" "$BUILD/$1"
  keep_record
  [[ -z $replaced ]] || phase tidy tidy
  rm -rf "$WORK"
}

# tidy: removes base trees and commits that no release uses any more
tidy() {
  local dir key
  for dir in "$BUILD"/base-*; do
    key=${dir##*/base-}
    grep -qx "base-$key" "$BUILD"/*/chain && continue
    rm -rf "$dir"
    ostree refs --repo="$BUILD/repo" --delete "base/$key"
  done
  logged ostree prune --repo="$BUILD/repo" --refs-only
}
