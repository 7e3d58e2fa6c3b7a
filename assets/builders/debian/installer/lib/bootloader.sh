# shellcheck shell=dash
# GRUB for BIOS and UEFI, from images built with the ISO. They find the file system labelled boot and read
# /grub/grub.cfg there, which counts boots and takes its menu from libostree's loader directory.

# bootloader_prepare: before the first deployment, because libostree writes a GRUB menu only if grub.cfg
# exists
bootloader_prepare() {
  mkdir -p /target/boot/grub/i386-pc
  cp /installer/grub.cfg /target/boot/grub/grub.cfg
  need_ok "grubenv" grub-editenv /target/boot/grub/grubenv create
  need_ok "grubenv" grub-editenv /target/boot/grub/grubenv set boot_success=0
}

bootloader_install() {
  cp /installer/grub/boot.img /installer/grub/core.img /target/boot/grub/i386-pc/
  need_ok "grub-bios-setup" /usr/lib/grub/i386-pc/grub-bios-setup --directory=/target/boot/grub/i386-pc --device-map=/dev/null "$DISK"
  mkdir -p /target/boot/efi/EFI/BOOT
  cp /installer/grub/bootx64.efi /target/boot/efi/EFI/BOOT/BOOTX64.EFI
  step "bootloader installed"
}
