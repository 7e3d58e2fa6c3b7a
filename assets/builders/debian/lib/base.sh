# shellcheck shell=bash
# The base tree: what mmdebstrap makes from the base list and the first release's packages, in one run.
# Kept as a commit in a bare repository under the cache, keyed by everything that shapes it; checked out
# with hard links. Needs here, CACHE, WORK, LOG, apt.sh, package-list.sh.

# Never on a device: manuals, translations, documentation (licences stay).
DPKG_EXCLUDES=('path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/locale/*'
  'path-exclude=/usr/share/doc/*' 'path-include=/usr/share/doc/*/copyright' 'path-exclude=/usr/share/info/*'
  'path-exclude=/usr/share/lintian/*' 'path-exclude=/usr/share/bash-completion/*')

# base_key: a hash of all inputs of the tree
base_key() {
  { printf '%s %s\n' "$SUITE" "$OS_ARCH" && base_packages && package_specs && cat "$here/lib/base.sh"; } |
    sha256sum | cut -c1-16
}

# base_ensure KEY: makes C/debian/base-KEY if it is missing
base_ensure() {
  [[ -d $CACHE/debian/base-$1 ]] || locked "$CACHE/debian/base-$1.lock" base_make "$1"
}

base_make() {
  local final=$CACHE/debian/base-$1 tmp=$CACHE/debian/base-$1.tmp
  [[ ! -d $final ]] || return 0
  rm -rf "$tmp"
  mkdir -p "$tmp"
  locked "$CACHE/debian/apt.lock" apt_prepare
  phase mmdebstrap base_bootstrap "$tmp"
  phase base-commit base_commit "$tmp"
  mv "$tmp" "$final"
}

# base_bootstrap DIR: makes DIR/root, and beside it apt's lists, which later layers reuse
base_bootstrap() {
  local include option options=()
  include=$({ base_packages && package_specs; } | paste -sd,)
  while read -r option; do options+=("--aptopt=$option"); done < <(apt_network_options)
  for option in "${DPKG_EXCLUDES[@]}" force-unsafe-io; do options+=("--dpkgopt=$option"); done
  say "mmdebstrap of $SUITE from ${MIRROR%%\?*}"
  # INITRD=No: no initramfs while packages are configured.
  INITRD=No logged mmdebstrap --mode=root --variant=minbase --format=directory --skip=cleanup/apt/lists \
    --keyring="$ARCHIVE_KEYRING" --architectures="$OS_ARCH" --include="$include" "${options[@]}" \
    "$SUITE" "$1/root" "deb $MIRROR $SUITE main"
  mv "$1/root/var/lib/apt/lists" "$1/lists"
  mkdir "$1/root/var/lib/apt/lists"
}

base_commit() {
  find "$1/root/dev" -mindepth 1 -delete
  ostree init --repo="$1/repo" --mode=bare
  ostree config --repo="$1/repo" set core.fsync false
  # --consume moves the files into the repository, without a copy.
  logged ostree commit --repo="$1/repo" --branch=tree --tree=dir="$1/root" --subject="base $SUITE" --consume
  rm -rf "$1/root"
}

# base_import KEY: the base tree as S/build/base-KEY, hard links into the build repository
base_import() {
  local dir=$BUILD/base-$1
  [[ ! -d $dir ]] || return 0
  if ! ostree rev-parse --repo="$BUILD/repo" "base/$1" &>/dev/null; then
    base_ensure "$1"
    logged ostree pull-local --repo="$BUILD/repo" "$CACHE/debian/base-$1/repo" tree
    ostree refs --repo="$BUILD/repo" --create="base/$1" tree
    ostree refs --repo="$BUILD/repo" --delete tree
  fi
  rm -rf "$dir.tmp"
  logged ostree checkout --repo="$BUILD/repo" --require-hardlinks "base/$1" "$dir.tmp"
  mv "$dir.tmp" "$dir"
}
