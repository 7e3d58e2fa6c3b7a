# shellcheck shell=dash
# The target disk: GPT with a BIOS boot partition, an EFI system partition, /boot and the root, so that it
# boots under BIOS and UEFI. During installation the new system is mounted at /target.

# What only root can write to the root file system, MiB. ext4's own default, 5 %, would keep the app's user from the
# reserve that a device with a full disk gives up at boot (RESERVE_MIB on the device, which is more).
ROOT_MIB=32

# disk_choose: the disk in clearpart --drives=, else the first fixed disk; it must be large enough
disk_choose() {
  DISK=''
  disk_wait
  if [ -n "${KS_clearpart_drives:-}" ]; then
    DISK=/dev/$KS_clearpart_drives
    [ -b "$DISK" ] || failed "clearpart --drives: there is no $DISK"
  else
    for name in vda sda nvme0n1 vdb sdb nvme1n1; do
      if [ -b "/dev/$name" ] && [ "$(cat "/sys/block/$name/removable")" = 0 ] && ! is_medium "/dev/$name"; then
        DISK=/dev/$name
        break
      fi
    done
    [ -n "$DISK" ] || failed "no disk to install to"
  fi
  sectors=$(cat "/sys/block/${DISK#/dev/}/size")
  [ "$sectors" -ge $((4 * 1024 * 2048)) ] || failed "$DISK has $((sectors / 2048)) MiB: at least 4096 are needed"
}

# is_medium DEVICE: has an ISO 9660 file system, like the installer's own medium on a stick
is_medium() { [ "$(dd if="$1" bs=1 skip=32769 count=5 2>/dev/null)" = CD001 ]; }

# disk_wait: drivers find their disks a moment after loading
disk_wait() {
  tries=0
  while [ "$tries" -lt 100 ]; do
    for path in "/sys/block/${KS_clearpart_drives:-vd}"* /sys/block/sd* /sys/block/nvme*; do
      [ ! -e "$path" ] || return 0
    done
    tries=$((tries + 1))
    sleep 0.1
  done
}

# partition N: the device of partition N
partition() {
  case $DISK in
    *[0-9]) echo "${DISK}p$1" ;;
    *) echo "$DISK$1" ;;
  esac
}

disk_partition() {
  sfdisk -q --wipe always --wipe-partitions always "$DISK" >>"$LOG" 2>&1 <<TABLE || failed "sfdisk $DISK"
label: gpt
size=1MiB, type=21686148-6449-6E6F-744E-656564454649, name=bios
size=64MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=esp
size=768MiB, type=BC13C2FF-59E6-4262-A352-B275FD6F7172, name=boot
type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=root
TABLE
  tries=0
  until [ -b "$(partition 4)" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || failed "no partitions on $DISK after sfdisk"
    sleep 0.1
  done
  need_ok "mkfs.vfat" /usr/sbin/mkfs.vfat -n ESP "$(partition 2)"
  # GRUB's ext2 driver does not support these two features.
  need_ok "mkfs.ext4 of /boot" mkfs.ext4 -q -F -L boot -E nodiscard -O ^orphan_file,^metadata_csum_seed "$(partition 3)"
  # -m takes percent.
  share=$((ROOT_MIB * 100 * 10000 / (sectors / 2048)))
  share=$(printf '%d.%04d' $((share / 10000)) $((share % 10000)))
  need_ok "mkfs.ext4 of the root" mkfs.ext4 -q -F -L root -m "$share" -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 "$(partition 4)"
  # Until the installation is complete, write order in a power cut does not matter.
  need_ok "mount the root" mount -t ext4 -o noatime,nobarrier,data=writeback "$(partition 4)" /target
  mkdir -p /target/boot
  need_ok "mount /boot" mount -t ext4 "$(partition 3)" /target/boot
  mkdir -p /target/boot/efi
  need_ok "mount the ESP" mount -t vfat "$(partition 2)" /target/boot/efi
  step "disk $DISK partitioned and formatted"
}

# disk_close: everything on disk, journals empty (GRUB does not replay them)
disk_close() {
  sync
  for dir in "$DEPLOYMENT/var" "$DEPLOYMENT/boot" "$DEPLOYMENT/proc" "$DEPLOYMENT/sys" "$DEPLOYMENT/dev" "$DEPLOYMENT/run"; do
    quiet umount "$dir" || :
  done
  need_ok "unmount the ESP" umount /target/boot/efi
  need_ok "unmount /boot" umount /target/boot
  # While the installer works in it, the deployment is a separate mount.
  quiet umount "$DEPLOYMENT" || :
  need_ok "unmount the root" umount /target
}
