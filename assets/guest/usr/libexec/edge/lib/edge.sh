# shellcheck shell=bash
# shellcheck disable=SC2034 # the paths are for whoever sources this
# What all scripts of a device share: where files are, which device this is, how it logs.
# EDGE_ROOT is empty on a device; tests set it to a directory that stands in for the root.
# Readers set variables instead of printing: without KVM each $(...) costs some 20 ms. Their own variables begin with an
# underscore: a caller's variable of the same name would stay as it was.

ROOT=${EDGE_ROOT:-}
ETC=$ROOT/etc/edge
RUN=$ROOT/run/edge
STATE=$ROOT/var/lib/edge
# Settings that have changed since the installation.
CHANGED_SETTINGS=$STATE/settings.env
STAGED_MARK=$ROOT/run/ostree/staged-deployment
# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/system.sh"

# The settings: the image's first, then the device's, then what has changed since; the last one wins.
# Parses the files instead of sourcing them: a value is data, whatever characters it holds.
edge_load_env() {
  local file line key value
  for file in "$ROOT/usr/lib/edge/edge.conf" "$ETC/edge.conf" "$ETC/device.env" "$CHANGED_SETTINGS"; do
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

# edge_log PRIORITY TEXT...: one line, with a syslog priority (3 error, 4 warning, 5 notice) for journald.
edge_log() {
  local text=${*:2}
  printf '<%s>%s\n' "$1" "${text//$'\n'/ | }" >&2
}

# The story of a boot, for readers of the serial console.
edge_console() {
  printf '\r\nedge: %s\r\n' "$*" >"$ROOT/dev/console"
}

# edge_read VARIABLE FILE [DEFAULT]: a one-line state file.
edge_read() {
  local _text=""
  # Not $(<FILE), which complains about NULs: a torn write may have left some.
  [[ ! -r $2 ]] || IFS= read -r _text <"$2" || :
  printf -v "$1" '%s' "${_text:-${3:-}}"
}

# edge_is FILE VALUE: does the state file say so?
edge_is() {
  [[ -r $1 && $(<"$1") == "$2" ]]
}

# edge_put FILE TEXT: replaces the file atomically, and only if it differs.
edge_put() {
  if edge_is "$1" "$2"; then
    return 0
  fi
  [[ -d ${1%/*} ]] || mkdir -p "${1%/*}"
  printf '%s\n' "$2" >"$1.new.$$"
  mv -f "$1.new.$$" "$1"
}

# edge_keep FILE TEXT: the same, and on the disk before it returns: what must outlive a power cut. A full disk keeps
# nothing; that is logged, and ends nobody: a device without its notes is better than one without a boot.
edge_keep() {
  ! edge_is "$1" "$2" || return 0
  if ! edge_put "$1" "$2" || ! sync "$1"; then
    edge_log 4 "${1##*/} could not be written"
    rm -f "$1.new.$$"
  fi
}

# edge_number VARIABLE FILE DEFAULT: a whole number in a one-line state file; anything else counts as not there.
edge_number() {
  local _number
  edge_read _number "$2"
  [[ $_number =~ ^(0|[1-9][0-9]{0,15})$ ]] || _number=$3
  printf -v "$1" '%s' "$_number"
}

# edge_tail VARIABLE TEXT LENGTH: the end of a text, or all of a shorter one.
edge_tail() {
  local _text=$2
  ((${#_text} <= $3)) || _text=${_text: -$3}
  printf -v "$1" '%s' "$_text"
}

# Sets UPTIME, whole seconds.
edge_uptime() {
  IFS=' .' read -r UPTIME _ <"$ROOT/proc/uptime"
}

# edge_wait SECONDS PAUSE COMMAND...: repeats the command, with a pause between, until it succeeds; fails after
# SECONDS.
edge_wait() {
  local deadline
  edge_uptime
  deadline=$((UPTIME + $1))
  until "${@:3}"; do
    edge_uptime
    ((UPTIME < deadline)) || return 1
    [[ $2 == 0 ]] || sleep "$2"
  done
}

# Sets BOOT_ID.
edge_boot_id() {
  IFS= read -r BOOT_ID <"$ROOT/proc/sys/kernel/random/boot_id"
  BOOT_ID=${BOOT_ID//-/}
}

# The first interface with hardware behind it, even if it has no address yet. EDGE_INTERFACE overrides
# that on a device with several. Sets INTERFACE.
find_interface() {
  local path
  INTERFACE=${EDGE_INTERFACE:-}
  [[ -z $INTERFACE ]] || return 0
  for path in "$ROOT"/sys/class/net/*; do
    if [[ -e $path/device ]]; then
      INTERFACE=${path##*/}
      return 0
    fi
  done
}
