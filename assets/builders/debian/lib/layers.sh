# shellcheck shell=bash
# Overlay layers over the base tree. S/build/<version>/chain names the layers up to and including a
# release's own, lowest first: "base-KEY", then "<version>/layer" for each release that changed packages.
# A layer is an overlay upper directory; hard links assemble a whole tree. Needs BUILD, WORK.

# Uppers must contain whole files and plain renames, whatever the kernel's defaults.
OVERLAY_OPTIONS=redirect_dir=off,metacopy=off,index=off,xino=off

# mount_layer CHAIN_FILE UPPER MOUNTPOINT: UPPER is under BUILD. Names are relative to BUILD, because overlay's
# options cannot express every path (a comma, a colon, a quote).
mount_layer() {
  mkdir -p "$2" "$2.work" "$3"
  local lower upper=${2#"$BUILD"/}
  lower=$(tac "$1" | paste -sd:)
  (cd "$BUILD" && mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$upper.work,$OVERLAY_OPTIONS" "$3")
}

unmount_layer() {
  umount -R "$2"
  rm -rf "$1.work"
}

# with_kernel_mounts ROOT CMD...: /proc, /sys, /dev for programs that run inside ROOT
with_kernel_mounts() {
  local root=$1 m
  shift
  for m in proc sys dev; do
    mount --rbind "/$m" "$root/$m"
    mount --make-rslave "$root/$m"
  done
  "$@"
  for m in proc sys dev; do umount -R "$root/$m"; done
}

# flatten TREE MERGED LAYER...: makes TREE what the mount MERGED shows, from hard links to the layers' files.
# Afterwards replace files in TREE, never write in place.
flatten() {
  local tree=$1 merged=$2 layer
  shift 2
  mkdir -p "$tree"
  for layer in "$@"; do
    drop_type_conflicts "$layer" "$tree"
    cp -a --link --remove-destination "$layer/." "$tree/"
  done
  # A layer removed whatever the mount does not show (by whiteouts or opaque directories).
  LC_ALL=C comm -13 <(cd "$merged" && find . | LC_ALL=C sort) <(cd "$tree" && find . | LC_ALL=C sort) |
    (cd "$tree" && xargs -r -d '\n' rm -rf --)
}

# drop_type_conflicts LAYER TREE: a directory over a file, or a file over a directory, replaces it entirely
drop_type_conflicts() {
  local path
  (cd "$1" && find . -mindepth 1 ! -type d) | while IFS= read -r path; do
    if [[ -d $2/$path && ! -L $2/$path ]]; then rm -rf "${2:?}/$path"; fi
  done
  (cd "$1" && find . -mindepth 1 -type d) | while IFS= read -r path; do
    if [[ -L $2/$path || (-e $2/$path && ! -d $2/$path) ]]; then rm -f "${2:?}/$path"; fi
  done
}
