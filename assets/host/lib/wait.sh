# shellcheck shell=bash
# Bounded waits: poll, never a bare sleep.

# wait_until SECONDS CMD...: polls CMD every 0.1 s; fails when SECONDS have passed
wait_until() {
  local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
  shift
  until "$@"; do
    ((${EPOCHREALTIME/[.,]/} < end)) || return 1
    sleep 0.1
  done
}
