# shellcheck shell=bash
# shellcheck disable=SC2034 # the paths are for whoever sources this
# What every script of a device shares: where things lie, who this device is, how it speaks.
# EDGE_ROOT is empty on a device; tests set it to a directory that plays the root.

ROOT=${EDGE_ROOT:-}
ETC=$ROOT/etc/edge
RUN=$ROOT/run/edge
STATE=$ROOT/var/lib/edge
GRUBENV=$ROOT/boot/grub/grubenv
STAGED_MARK=$ROOT/run/ostree/staged-deployment

# The settings, the image's first, then those of the device, which win.
# The files are read, not sourced: a value is data, whatever characters it holds.
edge_load_env() {
  local file line key value
  for file in "$ROOT/usr/lib/edge/edge.conf" "$ETC/edge.conf" "$ETC/device.env"; do
    [[ -r $file ]] || continue
    while IFS= read -r line || [[ -n $line ]]; do
      [[ $line =~ ^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
      key=${BASH_REMATCH[1]}
      value=${BASH_REMATCH[2]}
      if [[ $value =~ ^\"(.*)\"[[:space:]]*$ || $value =~ ^\'(.*)\'[[:space:]]*$ ]]; then
        value=${BASH_REMATCH[1]}
      fi
      printf -v "$key" '%s' "$value"
    done <"$file"
  done
}

# log PRIORITY TEXT...: syslog priorities (3 error, 4 warning, 6 info), read by journald.
edge_log() {
  printf '<%s>%s\n' "$1" "${*:2}" >&2
}

# The story of a boot for whoever reads the serial console.
edge_console() {
  printf '\redge: %s\n' "$*" >"$ROOT/dev/console"
}

# edge_value FILE DEFAULT: a one-line state file.
edge_value() {
  local value=$2
  [[ -r $1 ]] && { IFS= read -r value <"$1" || true; }
  printf '%s' "${value:-$2}"
}

# edge_put FILE TEXT: replaced in one step; returns 1 when it already said so.
edge_put() {
  local file=$1 text=$2
  if [[ -r $file && $(<"$file") == "$text" ]]; then
    return 1
  fi
  [[ -d ${file%/*} ]] || mkdir -p "${file%/*}"
  printf '%s\n' "$text" >"$file.new.$$"
  mv -f "$file.new.$$" "$file"
}

# edge_tail TEXT LENGTH: the end of a text, all of it when it is shorter.
edge_tail() {
  local text=$1
  ((${#text} <= $2)) || text=${text: -$2}
  printf '%s' "$text"
}

edge_uptime() {
  local seconds
  IFS=' .' read -r seconds _ <"$ROOT/proc/uptime"
  printf '%s' "$seconds"
}

edge_boot_id() {
  local id
  IFS= read -r id <"$ROOT/proc/sys/kernel/random/boot_id"
  printf '%s' "${id//-/}"
}
