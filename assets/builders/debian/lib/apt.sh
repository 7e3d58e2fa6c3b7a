# shellcheck shell=bash
# Debian's package lists on any host with apt: a private apt directory under the cache, and the mirror that
# the host itself uses. Changes nothing in the host's apt. Needs CACHE.

ARCHIVE_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# Lists younger than this are not fetched again.
LISTS_FRESH_MINUTES=240

# Network waits are bounded; proxies are the host's.
apt_network_options() {
  printf '%s\n' 'Acquire::http::Timeout "30";' 'Acquire::https::Timeout "30";' 'Acquire::Retries "3";' \
    'Acquire::Languages "none";' 'APT::Install-Recommends "false";'
  local scheme proxy
  for scheme in http https; do
    proxy=$(apt-config shell p "Acquire::$scheme::Proxy" | sed "s/^p='\(.*\)'$/\1/")
    [[ -z $proxy ]] || printf 'Acquire::%s::Proxy "%s";\n' "$scheme" "$proxy"
  done
}

# mirror_candidates: URIs of Debian archives among the host's sources, one per line. apt itself parses them
# (deb and deb822) and prints what it would fetch, even if no list was ever fetched.
mirror_candidates() {
  if [[ -n ${EDGE_DEBIAN_MIRROR:-} ]]; then
    printf '%s\n' "${EDGE_DEBIAN_MIRROR%/}"
    return 0
  fi
  local suites='(bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable)(-updates|-backports)?'
  apt-get -o Dir::State::lists="$CACHE/debian/apt/none" update --print-uris 2>/dev/null |
    sed -nE "s#^'([^']*[^/'])/+dists/$suites/InRelease'.*#\1#p" | resolve_mirror_lists | awk '!seen[$0]++'
}

# resolve_mirror_lists: apt's mirror method names a list of mirrors; any entry will do
resolve_mirror_lists() {
  local uri
  while read -r uri; do
    case $uri in
      mirror+file:*) sed -nE 's#^(https?://[^[:space:]]*[^/[:space:]])/?([[:space:]].*)?$#\1#p' "${uri#mirror+file:}" ;;
      mirror://*) printf 'http://%s\n' "${uri#mirror://}" ;;
      http://* | https://*) printf '%s\n' "$uri" ;;
      *) say "skipping the source $uri: its method is none of http, https, mirror" ;;
    esac
  done
}

# apt_private CMD...: apt in the private directory only (which has no installed packages)
apt_private() {
  APT_CONFIG=$CACHE/debian/apt/apt.conf DEBIAN_FRONTEND=noninteractive "$@"
}

# apt_prepare: sets up the private directory with fresh lists of the suite; sets MIRROR
apt_prepare() {
  local dir=$CACHE/debian/apt candidate
  [[ -r $ARCHIVE_KEYRING ]] ||
    die "$ARCHIVE_KEYRING is missing: install the package debian-archive-keyring"
  mkdir -p "$dir"/{none/partial,lists/partial,cache/archives/partial,state,etc}
  : >"$dir/status"
  {
    printf 'Dir::State "%s/state";\nDir::State::status "%s/status";\n' "$dir" "$dir"
    printf 'Dir::State::lists "%s/lists";\nDir::Cache "%s/cache";\n' "$dir" "$dir"
    printf 'Dir::Etc::sourcelist "%s/sources.list";\n' "$dir"
    printf 'Dir::Etc::sourceparts "%s/etc";\nDir::Etc::parts "%s/etc";\n' "$dir" "$dir"
    printf 'Dir::Etc::trusted "%s";\nAPT::Architecture "%s";\n' "$ARCHIVE_KEYRING" "$OS_ARCH"
    printf 'APT::Architectures { "%s"; };\nAPT::Sandbox::User "root";\n' "$OS_ARCH"
    apt_network_options
  } >"$dir/apt.conf"
  if lists_fresh "$dir"; then
    MIRROR=$(<"$dir/mirror")
    return 0
  fi
  local tried=()
  while read -r candidate; do
    if lists_fetch "$dir" "$candidate"; then
      MIRROR=$candidate
      printf '%s\n' "$candidate" >"$dir/mirror"
      return 0
    fi
    tried+=("$candidate")
  done < <(mirror_candidates)
  ((${#tried[@]} == 0)) || die "no source of this host gives Debian $SUITE (tried ${tried[*]}; see above): \
check the network, or set EDGE_DEBIAN_MIRROR to the URI of a Debian mirror"
  die "no Debian source is configured on this host: add one to /etc/apt/sources.list.d, \
or set EDGE_DEBIAN_MIRROR to the URI of a Debian mirror"
}

lists_fresh() {
  [[ -s $1/mirror && -n $(find "$1/mirror" -mmin "-$LISTS_FRESH_MINUTES") ]] || return 1
  [[ -z ${EDGE_DEBIAN_MIRROR:-} || $(<"$1/mirror") == "${EDGE_DEBIAN_MIRROR%/}" ]] || return 1
  compgen -G "$1/lists/*_Packages*" >/dev/null
}

# lists_fetch DIR URI: fails if URI is no Debian mirror (signature, suite) or does not answer
lists_fetch() {
  local errors
  printf 'deb [signed-by=%s] %s %s main\n' "$ARCHIVE_KEYRING" "$2" "$SUITE" >"$1/sources.list"
  if ! errors=$(apt_private apt-get -qq update 2>&1) || grep -q '^[WE]: ' <<<"$errors"; then
    printf '  %s\n' "${errors//$'\n'/$'\n'  }" >&2
    return 1
  fi
}
