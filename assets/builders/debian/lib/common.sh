# shellcheck shell=bash
# Input, progress, logs and timings, shared by all verbs.

# What the caller's environment holds must not shape an image: file modes, messages and sort order, the time zone, and
# the variables by which tools take options or times that no input of the verb gave.
umask 022
export LC_ALL=C.UTF-8 TZ=UTC
unset LANG LANGUAGE CDPATH SOURCE_DATE_EPOCH POSIXLY_CORRECT TAR_OPTIONS GZIP XZ_OPT XZ_DEFAULTS ZSTD_CLEVEL \
  ZSTD_NBTHREADS GNUPGHOME OSTREE_REPO OSTREE_GPG_HOME DEBCONF_DB_OVERRIDE DPKG_ROOT APT_CONFIG

VERB=${0##*/}
SUITE=trixie
OS_ARCH=amd64

# say TEXT...: one line of progress
say() { printf '%s: %s\n' "$VERB" "$*" >&2; }

# die TEXT...: prints one clear line and exits
die() {
  printf 'error: %s: %s\n' "$VERB" "$*" >&2
  exit 1
}

# need TOOL...: reports all missing tools at once
need() {
  local tool missing=()
  for tool in "$@"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  ((${#missing[@]} == 0)) || die "missing on this host: ${missing[*]} (packages: see lib/README.md)"
}

# read_input: the verb's JSON from stdin
read_input() {
  need jq
  INPUT=$(cat)
  jq -e 'type == "object"' <<<"$INPUT" >/dev/null 2>&1 || die "stdin must be one JSON object"
}

# field NAME: a required string or number
field() {
  jq -er --arg k "$1" '.[$k] | strings, numbers' <<<"$INPUT" || die "input: $1 is missing"
}

# field_or NAME DEFAULT
field_or() { jq -r --arg k "$1" --arg d "$2" '.[$k] // $d' <<<"$INPUT"; }

# now: milliseconds
now() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# phase NAME CMD...: runs CMD, reports how long it took, and records that in WORK/timings
phase() {
  local name=$1 start
  start=$(now)
  shift
  "$@"
  start=$(($(now) - start))
  say "$name: $(seconds "$start") s"
  [[ -z ${WORK:-} ]] || printf '%s %s\n' "$name" "$start" >>"$WORK/timings"
}

# seconds MS: with one decimal
seconds() { printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# logged CMD...: long output goes to LOG; its tail is shown when CMD fails
logged() {
  local status=0 start
  mkdir -p "${LOG%/*}"
  printf '+ %s\n' "$*" >>"$LOG"
  start=$(stat -c %s "$LOG")
  "$@" >>"$LOG" 2>&1 </dev/null || status=$?
  ((status != 0)) || return 0
  printf 'error: %s ended with status %s; the end of %s:\n' "${1##*/}" "$status" "$LOG" >&2
  tail -c "+$((start + 1))" "$LOG" | tail -n 20 | sed 's/^/  /' >&2
  return "$status"
}

# locked FILE CMD...: one at a time; a killed holder releases it
locked() {
  local file=$1 fd
  shift
  mkdir -p "${file%/*}"
  exec {fd}>"$file"
  if ! flock -n "$fd"; then
    say "waiting for another run that holds ${file##*/}"
    flock -w 1800 "$fd" || die "another run has held $file for half an hour"
  fi
  "$@"
  exec {fd}>&-
}

# Names the place of a command that fails without a message of its own.
unexpected() {
  printf 'error: %s: %s:%s: %s\n' "$VERB" "${1##*/}" "$2" "${3%%$'\n'*}" >&2
}
set -E
trap 'unexpected "${BASH_SOURCE[0]}" "$LINENO" "$BASH_COMMAND"' ERR
# Callers expect 1 for a failure; a tool's own status means nothing to them.
trap 'status=$?; ((status == 0 || status > 128)) || exit 1' EXIT
