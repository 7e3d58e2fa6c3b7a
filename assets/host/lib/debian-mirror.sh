# shellcheck shell=bash
# Debian packages come from the host's own apt sources, with its apt settings. Needs nothing else.

# Repositories of origin Debian; on Debian also of none (lists never downloaded)
debian_repositories() {
  local uri origin label debian=false
  grep -qx 'ID=debian' /etc/os-release && debian=true
  while IFS='|' read -r uri origin label; do
    if [[ -z $origin && $debian == true ]]; then
      origin=Debian label=Debian
      [[ $uri != *security* ]] || label=Debian-Security
    fi
    [[ $origin != Debian ]] || printf '%s|%s\n' "$label" "${uri%/}"
  done < <(apt-get indextargets --format "\$(REPO_URI)|\$(ORIGIN)|\$(LABEL)" "Created-By: Packages")
}

# debian_mirror: EDGE_DEBIAN_MIRROR, else the first that the host uses
debian_mirror() {
  local found=${EDGE_DEBIAN_MIRROR:-}
  [[ -n $found ]] || found=$(debian_repositories | sed -n '/^Debian|/{s///p;q}')
  [[ -n $found ]] || {
    echo "error: no apt source of this host is a Debian archive: set EDGE_DEBIAN_MIRROR to the URI of one" >&2
    return 1
  }
  echo "$found"
}

# debian_security_mirror: the host's, if it has one
debian_security_mirror() {
  local found=${EDGE_DEBIAN_SECURITY_MIRROR:-}
  [[ -n $found || -n ${EDGE_DEBIAN_MIRROR:-} ]] ||
    found=$(debian_repositories | sed -n '/^Debian-Security|/{s///p;q}')
  echo "$found"
}

# debian_sources SUITE: lines for a sources.list
debian_sources() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed='' mirror security
  mirror=$(debian_mirror) || return
  [[ ! -r $keyring ]] || signed="[signed-by=$keyring] "
  echo "deb $signed$mirror $1 main"
  security=$(debian_security_mirror)
  [[ -z $security ]] || echo "deb $signed$security $1-security main"
}

# debian_apt_options: the host's settings that decide whether downloads work (proxy, retries, certificates,
# tolerance of old snapshots), as apt.conf lines
debian_apt_options() {
  apt-config dump --no-empty --format '%F "%v";%n' |
    grep -E '^"?Acquire::(http|https|Retries|Check-Valid-Until|Check-Date|Max-FutureTime)\b' |
    grep -vE 'User-Agent' || [[ $? == 1 ]]
}
