#!/usr/bin/env bash
# Installs what only the tests need, once: Debian packages (tests/packages.txt) and ksvalidator, which Debian lacks,
# from Python packages checked by hash; for the suites scripts and e2e the lab's host packages too.
# Reports what it does; silent if there is nothing to do. Usage: setup.sh SUITE...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CACHE=${EDGE_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/edge-lab}/tests
VENV=$CACHE/venv
UNPACKED=$CACHE/unpacked
PINS=tests/support/ksvalidator

say() { printf 'tests: %s\n' "$*" >&2; }

die() {
  printf 'tests: %s\n' "$*" >&2
  exit 1
}

# present PACKAGE COMMAND
present() {
  case $1 in
    # The base system has the module venv without its dependencies.
    python3-venv) /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    python3-dbus) /usr/bin/python3 -c 'import dbus' 2>/dev/null ;;
    python3-gi) /usr/bin/python3 -c 'import gi' 2>/dev/null ;;
    # System tools may be off a user's PATH.
    *) PATH=$PATH:/usr/sbin:/sbin command -v "$2" >/dev/null ;;
  esac
}

logged() {
  local log=$CACHE/setup.log
  "$@" >>"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    die "${1##*/} failed; all of its output is in $log"
  }
}

install_packages() {
  local package name missing=() root=()
  while read -r package name; do
    present "$package" "$name" || missing+=("$package")
  done < <(grep -v '^#' tests/packages.txt)
  ((${#missing[@]})) || return 0
  ((EUID == 0)) || root=(sudo -n)
  { command -v apt-get && "${root[@]}" true; } >/dev/null 2>&1 ||
    die "missing on this host: ${missing[*]}; install them, or run the tests as root on Debian or Ubuntu"
  say "installing ${missing[*]} (about 20 s)"
  logged "${root[@]}" apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update
  logged "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    -o Acquire::Retries=3 -o APT::Install-Recommends=false install "${missing[@]}"
}

# A network manager, ssh daemon or keepalived for a test must never become a service of the test machine: these packages are
# unpacked into the cache, with the libraries that this machine lacks, and not installed.
unpack_packages() {
  local stamp names=() debs=$CACHE/debs
  stamp=$(sha256sum <tests/unpacked.txt | cut -c 1-16)
  [[ ! -e $UNPACKED/$stamp ]] || return 0
  mapfile -t names < <(grep -v '^#' tests/unpacked.txt)
  say "unpacking ${names[*]} into the cache (about 10 s)"
  rm -rf "$UNPACKED" "$debs"
  mkdir -p "$UNPACKED" "$debs"
  mapfile -t -O ${#names[@]} names < <(apt-get -q -s -o APT::Install-Recommends=false install "${names[@]}" |
    awk '$1 == "Inst" && $2 ~ /^lib/ { print $2 }')
  (cd "$debs" && logged apt-get -q -o Acquire::Retries=3 download "${names[@]}")
  local deb
  for deb in "$debs"/*.deb; do logged dpkg-deb --extract "$deb" "$UNPACKED"; done
  rm -rf "$debs"
  : >"$UNPACKED/$stamp"
}

install_ksvalidator() {
  local stamp pip
  stamp=$(cat "$PINS"/*.txt | sha256sum | cut -c 1-16)
  [[ ! -e $VENV/$stamp ]] || return 0
  say 'installing ksvalidator (about 20 s)'
  rm -rf "$VENV"
  logged /usr/bin/python3 -m venv "$VENV"
  pip=("$VENV/bin/python" -m pip --disable-pip-version-check install --no-cache-dir --no-deps --require-hashes)
  logged "${pip[@]}" -r "$PINS/build.txt"
  logged "${pip[@]}" --no-build-isolation -r "$PINS/requirements.txt"
  : >"$VENV/$stamp"
}

# The scripts under test use the host's real tools, which the lab's own script installs.
install_host_packages() { EDGE_STATE_DIR=$CACHE EDGE_BUILDER=debian assets/host/packages.sh apply >/dev/null; }

main() {
  mkdir -p "$CACHE"
  exec 9>"$CACHE/lock"
  flock 9
  install_packages
  install_ksvalidator
  case " $* " in *' scripts '* | *' e2e '*) install_host_packages ;; esac
  case " $* " in *' scripts '*) unpack_packages ;; esac
}

main "$@"
