# shellcheck shell=bash
# GRUB's environment block: reading starts no process, writing reaches the disk before it returns.

# Sets BOOT_COUNTER: empty if it is not armed.
read_boot_counter() {
  local line
  BOOT_COUNTER=""
  [[ -r $GRUBENV ]] || return 0
  while IFS= read -r line; do
    if [[ $line == boot_counter=* ]]; then
      BOOT_COUNTER=${line#*=}
    fi
  done <"$GRUBENV"
}

# grubenv_write set NAME=VALUE... | unset NAME...
grubenv_write() {
  local boot=${GRUBENV%/grub/grubenv}
  if [[ ! -w $boot ]]; then
    mount -o remount,rw "$boot"
  fi
  grub-editenv "$GRUBENV" "$@"
  sync -f "$boot"
  # GRUB reads the file system as it is on disk and replays no journal.
  if fsfreeze -f "$boot"; then
    fsfreeze -u "$boot"
  fi
}
