# shellcheck shell=bash
# GRUB's environment block: reading starts no process, writing reaches the disk before it returns. Anything may be in the
# file (a torn write, an editor): what cannot be read is not there. Needs edge.sh.

# The block's size and first line, by GRUB's manual (grub-editenv): one disk sector pair, filled up with "#".
GRUBENV_BYTES=1024
GRUBENV_HEAD="# GRUB Environment Block"

# grubenv_value VARIABLE NAME PATTERN: sets the variable to what GRUB knows by this name, empty if that is not of this
# pattern (an extended regular expression for the whole value).
grubenv_value() {
  local _line _found=""
  if [[ -r $GRUBENV ]]; then
    while IFS= read -r _line; do
      [[ $_line != "$2="* ]] || _found=${_line#*=}
    done <"$GRUBENV"
  fi
  [[ $_found =~ ^($3)$ ]] || _found=""
  printf -v "$1" '%s' "$_found"
}

# Sets BOOT_COUNTER: empty if it is not armed.
read_boot_counter() { grubenv_value BOOT_COUNTER boot_counter '-1|[0-9]{1,3}'; }

grubenv_sound() {
  local head size
  [[ -r $GRUBENV ]] || return 1
  size=$(stat -c %s "$GRUBENV") || return 1
  IFS= read -r head <"$GRUBENV" || return 1
  ((size == GRUBENV_BYTES)) && [[ $head == "$GRUBENV_HEAD" ]]
}

# GRUB's tools refuse a block that is empty, cut off or overwritten: without a new one no counter could be armed, and
# no update taken, ever again. The damaged one is kept beside it.
grubenv_renew() {
  edge_log 4 "$GRUBENV is damaged: made anew, the old one is $GRUBENV.damaged"
  [[ ! -e $GRUBENV ]] || mv -f "$GRUBENV" "$GRUBENV.damaged" || return
  grub-editenv "$GRUBENV" create
}

# disarm_boot_counter: with all that counts the attempts.
disarm_boot_counter() { grubenv_write unset boot_counter boot_attempt boot_ends boot_power_cuts; }

# grubenv_write set NAME=VALUE... | unset NAME...
grubenv_write() {
  local boot=${GRUBENV%/grub/grubenv}
  if [[ ! -w $boot ]]; then
    mount -o remount,rw "$boot" || return
  fi
  grubenv_sound || grubenv_renew || return
  grub-editenv "$GRUBENV" "$@" || return
  sync -f "$boot" || return
  # GRUB reads the file system as it is on disk and replays no journal.
  if fsfreeze -f "$boot"; then
    fsfreeze -u "$boot"
  fi
}
