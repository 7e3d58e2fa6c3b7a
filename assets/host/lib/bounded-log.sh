# shellcheck shell=bash
# Logs of services that their manager lets grow. A function of the launcher, so it needs nothing.

# bounded_log FILE: writes standard input to FILE at once; of all that came, the last 4 to 8 MiB stay, in FILE and FILE.1.
# It ends with its input, not with the signal that ends the service: what that prints at last is kept too.
bounded_log() {
  local bytes=$((4 << 20)) size
  trap '' TERM INT HUP
  while :; do
    size=$(stat -c %s "$1" 2>/dev/null) || size=0
    if ((size >= bytes)); then
      tail -c "$bytes" "$1" >"$1.1"
      size=0
      : >"$1"
    fi
    stdbuf -o0 head -c "$((bytes - size))" >>"$1"
    (($(stat -c %s "$1") >= bytes)) || return 0
  done
}
