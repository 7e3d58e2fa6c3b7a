# shellcheck shell=bash
# The installer's parts, the same for every role: kernel, an initramfs of tools, and GRUB images for the ISO and for the
# installed disk. Cached as C/debian/installer-KEY. Needs here, CACHE, LOG, apt.sh, programs.sh, initramfs.sh.

INSTALLER_PROGRAMS=(/usr/bin/busybox /usr/bin/kmod /usr/bin/ostree /usr/sbin/sfdisk /usr/sbin/mkfs.ext4
  /usr/sbin/mkfs.vfat /usr/bin/gpg /usr/bin/gpgconf /usr/bin/grub-editenv /usr/lib/grub/i386-pc/grub-bios-setup)
INSTALLER_MODULES=(virtio_blk virtio_scsi virtio_net sd_mod sr_mod ahci ata_piix nvme e1000 e1000e usb_storage
  uas xhci_pci isofs vfat nls_cp437 nls_ascii nls_utf8 loop)
# One list for all GRUB images: file systems, both menus' commands, the boot counter.
GRUB_MODULES=(part_gpt part_msdos fat iso9660 ext2 normal linux configfile echo test loadenv search
  search_label search_fs_file serial terminal sleep reboot halt boot)
# For the hardware watchdog that installer/grub.cfg starts, and for how the boot before ended.
GRUB_WATCHDOG_MODULES=(regexp setpci memrw datehook)

installer_packages() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$here/installer-packages"; }

# installer_key: everything that shapes the parts (not the installer's own scripts, which iso.sh adds)
installer_key() {
  { printf '%s %s\n' "$SUITE" "$OS_ARCH" && installer_packages && cat "$here"/lib/{installer,programs,initramfs}.sh; } |
    sha256sum | cut -c1-16
}

# installer_ensure KEY: makes C/debian/installer-KEY if it is missing
installer_ensure() {
  [[ -d $CACHE/debian/installer-$1 ]] || locked "$CACHE/debian/installer.lock" installer_make "$1"
}

installer_make() {
  local final=$CACHE/debian/installer-$1 tmp=$CACHE/debian/installer.tmp kernel
  local root=$CACHE/debian/installer.root
  [[ ! -d $final ]] || return 0
  rm -rf "$tmp" "$root"
  mkdir -p "$tmp"
  locked "$CACHE/debian/apt.lock" apt_prepare
  phase installer-packages installer_root "$root"
  kernel=$(cd "$root/usr/lib/modules" && echo *)
  cp "$root/boot/vmlinuz-$kernel" "$tmp/vmlinuz"
  # The kernel package would do this when configured.
  logged chroot "$root" depmod "$kernel"
  phase installer-grub installer_grub "$root" "$tmp"
  phase installer-initramfs installer_initramfs "$root" "$kernel" "$tmp"
  rm -rf "$root"
  mv "$tmp" "$final"
}

installer_root() {
  local option options=()
  while read -r option; do options+=("--aptopt=$option"); done < <(apt_network_options)
  logged mmdebstrap --mode=root --variant=extract --format=directory --keyring="$ARCHIVE_KEYRING" \
    --architectures="$OS_ARCH" --include="$(installer_packages | paste -sd,)" "${options[@]}" \
    "$SUITE" "$1" "deb $MIRROR $SUITE main"
}

# installer_grub ROOT OUT: eltorito.img and efi.img boot the ISO; boot.img, core.img and bootx64.efi the disk
installer_grub() {
  local grub=$1/usr/lib/grub
  cat >"$1/tmp/iso.cfg" <<'CONFIG'
search --no-floppy --set=root --file /edge-installer
set prefix=($root)/boot/grub
CONFIG
  cat >"$1/tmp/disk.cfg" <<'CONFIG'
search --no-floppy --set=root --label boot
set prefix=($root)/grub
CONFIG
  grub_image "$1" i386-pc-eltorito iso /boot/grub /tmp/eltorito.img biosdisk
  grub_image "$1" i386-pc disk /grub /tmp/core.img biosdisk cmostest "${GRUB_WATCHDOG_MODULES[@]}"
  grub_image "$1" x86_64-efi iso /boot/grub /tmp/iso.efi
  grub_image "$1" x86_64-efi disk /grub /tmp/bootx64.efi "${GRUB_WATCHDOG_MODULES[@]}"
  truncate -s 4M "$1/tmp/efi.img"
  logged chroot "$1" sh -ec 'mkfs.vfat -n EFI /tmp/efi.img
    mmd -i /tmp/efi.img ::EFI ::EFI/BOOT; mcopy -i /tmp/efi.img /tmp/iso.efi ::EFI/BOOT/BOOTX64.EFI'
  cp "$grub/i386-pc/boot.img" "$grub/i386-pc/boot_hybrid.img" "$1"/tmp/{eltorito.img,core.img,bootx64.efi,efi.img} "$2/"
}

# grub_image ROOT FORMAT CONFIG PREFIX OUTPUT [MODULE...]
grub_image() {
  logged chroot "$1" grub-mkimage -O "$2" -c "/tmp/$3.cfg" -p "$4" -o "$5" "${GRUB_MODULES[@]}" "${@:6}"
}

installer_initramfs() {
  local tree=$WORK/initramfs link applet lib
  mkdir -p "$tree"/{usr/bin,usr/sbin,usr/lib64,proc,sys,dev,run,tmp,var/tmp,root,etc/ssl/certs,target,installer/grub}
  for link in bin sbin lib lib64; do ln -s "usr/$link" "$tree/$link"; done
  install_programs "$1" "$tree" "${INSTALLER_PROGRAMS[@]}"
  # Loaded at run time, so ldd does not list them.
  for lib in libnss_files.so.2 libnss_dns.so.2 libgcc_s.so.1; do
    install -D "$1/usr/lib/x86_64-linux-gnu/$lib" "$tree/usr/lib/x86_64-linux-gnu/$lib"
  done
  for applet in $(chroot "$1" busybox --list); do
    [[ -e $tree/usr/bin/$applet || -e $tree/usr/sbin/$applet ]] || ln -s /usr/bin/busybox "$tree/usr/bin/$applet"
  done
  for link in modprobe insmod; do ln -sfn ../bin/kmod "$tree/usr/sbin/$link"; done
  rm -f "$tree"/usr/bin/{modprobe,insmod,depmod}
  cat "$1"/usr/share/ca-certificates/mozilla/*.crt >"$tree/etc/ssl/certs/ca-certificates.crt"
  cp "$1/etc/mke2fs.conf" "$tree/etc/"
  printf 'root:x:0:0:root:/root:/bin/sh\n' >"$tree/etc/passwd"
  printf 'root:x:0:\n' >"$tree/etc/group"
  ln -s ../proc/self/mounts "$tree/etc/mtab"
  install_modules "$1" "$tree" "$2" "${INSTALLER_MODULES[@]}"
  cp "$3"/{boot.img,core.img,bootx64.efi} "$tree/installer/grub/"
  pack_initramfs "$tree" "$3/tools.img"
}
