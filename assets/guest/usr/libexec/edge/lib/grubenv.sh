# shellcheck shell=bash
# GRUB's environment block: reading costs no process, writing reaches the disk before it returns.

# grubenv_get NAME: empty when it is not set.
grubenv_get() {
  local line
  [[ -r $GRUBENV ]] || return 0
  while IFS= read -r line; do
    [[ $line == "$1="* ]] && printf '%s' "${line#*=}"
  done <"$GRUBENV"
  return 0
}

# grubenv_write set NAME=VALUE... | unset NAME...
grubenv_write() {
  local boot=${GRUBENV%/grub/grubenv}
  if [[ ! -w $boot ]]; then
    mount -o remount,rw "$boot"
  fi
  grub-editenv "$GRUBENV" "$@"
  sync -f "$boot"
  # GRUB reads the file system as it lies on disk and replays no journal.
  if fsfreeze -f "$boot"; then
    fsfreeze -u "$boot"
  fi
}
