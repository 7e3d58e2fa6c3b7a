# shellcheck shell=bash
# The root filesystem of the app image, from Debian packages: only what Apache needs to run, as its loader lists
# it. Needs debian-mirror.sh, log.sh.

APP_SUITE=trixie

# app_base_tree PACKAGES TREE: unpacks the packages; no maintainer script runs, so no chroot is needed
app_base_tree() {
  local -a options=()
  local line
  while read -r line; do options+=(--aptopt="$line"); done < <(debian_apt_options)
  debian_sources "$APP_SUITE" >"$2.list"
  run_logged app-base mmdebstrap --variant=extract --mode=root --format=directory \
    --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' "${options[@]}" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --include="$(paste -sd, "$1")" "$APP_SUITE" "$2" "$2.list"
}

# app_libraries TREE FILE...: their shared libraries, as the tree's own loader finds them
app_libraries() {
  local tree=$1 loader file
  loader=$(cd "$tree" && echo usr/lib*/ld-linux*.so.*)
  shift
  echo "/$loader"
  for file; do
    chroot "$tree" "/$loader" --list "$file" | grep -oE '/[^ ]+\.so[^ ]*'
  done | sort -u
}

# app_base_select TREE ROOT CONF: copies only what runs
app_base_select() {
  local tree=$1 root=$2 conf=$3 file
  local -a files modules
  mkdir -p "$root"/{dev,etc/apache2,proc,run,sys,usr/{bin,lib,lib64,sbin},var/www/html}
  mkdir -m 1777 "$root/tmp"
  ln -s usr/bin usr/lib usr/lib64 usr/sbin "$root/"
  ln -s ../run "$root/var/run"
  mapfile -t modules < <(sed -n 's,^LoadModule .* \(modules/.*\),/usr/lib/apache2/\1,p' "$conf")
  # libc loads libgcc_s by name when a thread ends; the loader does not list it.
  files=(/usr/sbin/apache2 /usr/bin/busybox "/usr/lib/$(cd "$tree/usr/lib" && echo ./*/libgcc_s.so.1)" "${modules[@]}")
  mapfile -t -O ${#files[@]} files < <(app_libraries "$tree" /usr/sbin/apache2 "${modules[@]}")
  for file in "${files[@]}"; do
    mkdir -p "$root${file%/*}"
    cp -L "$tree$file" "$root$file"
  done
  for file in $(chroot "$tree" /usr/bin/busybox --list | grep -vx busybox); do
    ln -s busybox "$root/usr/bin/$file"
  done
  cp "$tree/usr/lib/os-release" "$root/etc/os-release"
  install -m 644 "$conf" "$root/etc/apache2/apache2.conf"
  printf '%s\n' root:x:0:0::/root:/bin/sh www-data:x:33:33::/var/www:/bin/false >"$root/etc/passwd"
  printf '%s\n' root:x:0: www-data:x:33: >"$root/etc/group"
}

# app_base_tar BASE_DIR WORK TAR: same packages, same bytes
app_base_tar() {
  app_base_tree "$1/packages" "$2/tree"
  app_base_select "$2/tree" "$2/root" "$1/apache2.conf"
  tar -C "$2/root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$3" .
}
