# shellcheck shell=bash
# The boot initramfs: a shell script that finds the root file system and lets ostree-prepare-root set up the
# deployment. It has no udev, no systemd and no rescue shell: a device that cannot find its root panics,
# panic= reboots it, and the boot counter rolls it back. Needs here, WORK.

# Programs of the image that initramfs/init calls.
INITRAMFS_PROGRAMS=(/usr/bin/dash /usr/bin/mount /usr/bin/kmod /usr/sbin/switch_root /usr/sbin/findfs
  /usr/sbin/e2fsck /usr/bin/sleep /usr/bin/mkdir /usr/lib/ostree/ostree-prepare-root)
# Drivers of the disks that edge and virtual machines boot from, and of the watchdog; ext4 and virtio_pci are built in.
INITRAMFS_MODULES=(virtio_blk virtio_scsi sd_mod ahci ata_piix nvme usb_storage uas xhci_pci overlay erofs loop i6300esb)

# make_initramfs ROOT KERNEL OUTPUT
make_initramfs() {
  local tree=$WORK/initramfs link
  mkdir -p "$tree"/{usr/bin,usr/sbin,usr/lib64,usr/lib/ostree,proc,sys,dev,run,tmp,sysroot,etc}
  for link in bin sbin lib lib64; do ln -s "usr/$link" "$tree/$link"; done
  install_programs "$1" "$tree" "${INITRAMFS_PROGRAMS[@]}"
  ln -s dash "$tree/usr/bin/sh"
  ln -s ../bin/kmod "$tree/usr/sbin/modprobe"
  install -m 755 "$here/initramfs/init" "$tree/init"
  [[ ! -f $1/usr/lib/ostree/prepare-root.conf ]] || cp "$1/usr/lib/ostree/prepare-root.conf" "$tree/usr/lib/ostree/"
  install_modules "$1" "$tree" "$2" "${INITRAMFS_MODULES[@]}"
  pack_initramfs "$tree" "$3"
}

# pack_initramfs TREE OUTPUT: same files, same bytes, whatever the modes of the clone that some of them come from
pack_initramfs() {
  chmod -R u=rwX,go=rX "$1"
  find "$1" -exec touch -h -d @0 {} +
  (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc --quiet --reproducible -R 0:0) |
    zstd -q -12 -T2 -o "$2"
}
