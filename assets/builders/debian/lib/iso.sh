# shellcheck shell=bash
# One role's ISO from the installer's parts: only the menu's kernel arguments and the kickstart differ.
# Needs here, WORK, INPUT, sign.sh.

# iso_image PARTS OUTPUT
iso_image() {
  local parts=$1 tree=$WORK/iso args
  args=$(jq -r '.kernelArgs // [] | join(" ")' <<<"$INPUT")
  [[ $args =~ ^[A-Za-z0-9_.,:=/\ -]*$ ]] || die "kernelArgs: a character that GRUB would interpret: $args"
  [[ " $args " == *' console='* ]] || args+=' console=tty0 console=ttyS0,115200n8'
  [[ " $args " == *' panic='* ]] || args+=' panic=10'
  [[ " $args " == *' quiet '* ]] || args+=' quiet'
  mkdir -p "$tree/boot/grub"
  cp --reflink=auto "$parts"/{vmlinuz,tools.img} "$tree/boot/"
  installer_scripts "$tree/boot/installer.img"
  cp "$parts/eltorito.img" "$parts/efi.img" "$tree/boot/grub/"
  : >"$tree/edge-installer"
  sed "s|@ARGS@|$args|" "$here/installer/iso-grub.cfg" >"$tree/boot/grub/grub.cfg"
  # It contains a password hash.
  (umask 077 && { jq -j '.kickstart' <<<"$INPUT" && signing_pre; } >"$tree/ks.cfg")
  logged xorriso -as mkisofs -quiet -o "$2" -V EDGE_INSTALL -r \
    --modification-date=2000010100000000 \
    -b boot/grub/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
    --grub2-mbr "$parts/boot_hybrid.img" \
    -eltorito-alt-boot -e --interval:appended_partition_2:all:: -no-emul-boot \
    -append_partition 2 0xef "$parts/efi.img" "$tree"
  chmod 600 "$2"
}

# installer_scripts OUTPUT: the installer itself: a small initramfs that the kernel unpacks after the tools
installer_scripts() {
  local tree=$WORK/scripts
  mkdir -p "$tree/installer"
  cp "$here"/installer/lib/*.sh "$here"/installer/{dhcp,grub.cfg} "$here/../../guest/usr/libexec/edge/grub-gen" "$tree/installer/"
  install -m 755 "$here/installer/init" "$tree/init"
  pack_initramfs "$tree" "$1"
}
