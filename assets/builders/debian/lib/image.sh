# shellcheck shell=bash
# Turns a package tree into this lab's image: guest files, identity, users and services. Works on a mounted
# layer ($1 is its root), where files may be written in place. Needs here, INPUT, WORK, LOG.

# Units that cost time at every boot and give a device nothing. The first three rebuild what compose has made
# (library cache, hardware names) or what nobody reads (the journal's message catalogue).
MASKED_UNITS=(ldconfig.service systemd-hwdb-update.service systemd-journal-catalog-update.service
  sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount
  modprobe@configfs.service modprobe@drm.service modprobe@efi_pstore.service)

# image_layer ROOT VERSION
image_layer() {
  local root=$1
  clean_tree "$root"
  copy_guest_files "$root"
  signing_public "$root"
  identity "$root" "$2"
  customize_users "$root"
  customize_firewall "$root"
  customize_time "$root"
  customize_locale "$root"
  customize_files "$root"
  with_kernel_mounts "$root" image_in_chroot "$root"
  customize_services "$root"
}

image_in_chroot() {
  divert_grub_mkconfig "$1"
  # Presets alone decide what starts; units that they do not name stay as packaged.
  logged chroot "$1" systemctl preset-all
  logged chroot "$1" systemctl --global preset-all
  logged chroot "$1" systemctl mask "${MASKED_UNITS[@]}"
}

# copy_guest_files ROOT: assets/guest has the image's layout. Of the clone's owners and modes only the executable bit
# counts, as in git: another umask must not lock users out of the image. Folders that packages made stay as they are.
copy_guest_files() {
  local guest=$here/../../guest
  [[ -d $guest ]] || die "the guest files are missing: $guest"
  tar -C "$guest" --owner=0 --group=0 --mode='u=rwX,go=rX' --exclude=./README.md -cf - . |
    tar -C "$1" --keep-directory-symlink --no-overwrite-dir -xpf -
  # The only guest files with other modes: sudo's own rule for its files.
  chmod 440 "$1"/etc/sudoers.d/*
}

# clean_tree ROOT: removes what belongs to the build or to one machine; apt's sources name this host's mirror
clean_tree() {
  rm -rf "$1"/{vmlinuz,initrd.img}{,.old} "$1"/etc/{hostname,fstab,resolv.conf} "$1"/etc/ssh/ssh_host_* \
    "$1"/etc/*- "$1"/etc/apt/{apt.conf.d/99mmdebstrap,sources.list,sources.list.d} "$1"/usr/share/{doc-base,bug,lintian}
  find "$1/usr" "$1/etc" -xdev -name __pycache__ -prune -exec rm -rf {} +
}

# identity ROOT VERSION: names; the first boot makes the machine id
identity() {
  local hostname
  hostname=$(jq -r '.customizations.hostname // "edge"' <<<"$INPUT")
  printf '%s\n' "$hostname" >"$1/etc/hostname"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$1/etc/hosts"
  printf 'uninitialized\n' >"$1/etc/machine-id"
  rm -f "$1/var/lib/dbus/machine-id"
  ln -sfn ../run/systemd/resolve/stub-resolv.conf "$1/etc/resolv.conf"
  ln -sfn /usr/lib/systemd/system/multi-user.target "$1/etc/systemd/system/default.target"
  # It fails without a vsock device, and a failed generator logs an error at every boot.
  mkdir -p "$1/etc/systemd/system-generators"
  ln -sfn /dev/null "$1/etc/systemd/system-generators/systemd-ssh-generator"
  # These directories are symlinks into /var here; tmpfiles would complain about each.
  sed -i -E '/^[a-zA-Z!-]+ +\/(home|srv|root)( |\/)/d' "$1"/usr/lib/tmpfiles.d/{home,provision}.conf
  sed -i '/^\(OSTREE_VERSION\|IMAGE_VERSION\|VARIANT\|VARIANT_ID\)=/d' "$1/usr/lib/os-release"
  printf 'OSTREE_VERSION=%s\nIMAGE_VERSION=%s\nVARIANT="Edge"\nVARIANT_ID=edge\n' "$2" "$2" >>"$1/usr/lib/os-release"
}

# divert_grub_mkconfig ROOT: libostree runs /usr/sbin/grub-mkconfig to write the boot menu. Debian has no
# generator for it, so the image's own (assets/guest) takes that name.
divert_grub_mkconfig() {
  local own=usr/libexec/edge/grub-gen
  [[ -x $1/$own ]] || die "the guest files have no $own"
  if [[ -e $1/usr/sbin/grub-mkconfig && ! -L $1/usr/sbin/grub-mkconfig ]]; then
    logged chroot "$1" dpkg-divert --quiet --local --rename --divert /usr/sbin/grub-mkconfig.distrib \
      --add /usr/sbin/grub-mkconfig
  fi
  ln -sfn "/$own" "$1/usr/sbin/grub-mkconfig"
}
