# shellcheck shell=bash source-path=SCRIPTDIR
# What a host must have before anything on it changes. Each check adds to PROBLEMS; all are shown at once.
# Read-only, except for the package index that the image builder keeps in the cache directory.

preflight_lib=${BASH_SOURCE[0]%/*}
# shellcheck source=labs.sh
. "$preflight_lib/labs.sh"

PROBLEMS=()
CHANGED="nothing on it was changed"

# problem WHAT FIX
problem() { PROBLEMS+=("$1; fix: $2"); }

# address_number A.B.C.D: its 32-bit number
address_number() {
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  echo $(((a << 24) + (b << 16) + (c << 8) + d))
}

# cidrs_overlap A/N B/M
cidrs_overlap() {
  local shortest=${1#*/}
  ((${2#*/} < shortest)) && shortest=${2#*/}
  local mask=$((shortest == 0 ? 0 : (0xffffffff << (32 - shortest)) & 0xffffffff))
  ((($(address_number "${1%/*}") & mask) == ($(address_number "${2%/*}") & mask)))
}

check_platform() {
  [[ $(uname -m) == x86_64 ]] || problem "this machine is $(uname -m)" "the lab's images are built for x86_64: use such a host"
  command -v apt-get >/dev/null || problem "there is no apt-get on this host" "use a Debian or Ubuntu host, or builder: osbuild on RHEL, CentOS Stream or Fedora"
}

check_memory() {
  local need=$1 have
  have=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
  ((have >= need)) || problem "$have MiB of memory are free and the devices and builds need $need" "close other programs, or lower device.memoryMiB or the number of devices"
}

# existing_parent PATH: the nearest folder that exists
existing_parent() {
  local path=$1
  until [[ -d $path ]]; do path=$(dirname "$path"); done
  echo "$path"
}

# check_disk GIB PATH KEY
check_disk() {
  local have
  have=$(($(df --output=avail -k "$(existing_parent "$2")" | tail -n 1) >> 20))
  ((have >= $1)) || problem "$have GiB are free for $3 ($2) and the lab needs $1" "free some space, or place it elsewhere"
}

check_kernel() {
  [[ -c /dev/net/tun ]] || modinfo tun >/dev/null 2>&1 || problem "the kernel has no tun device (/dev/net/tun)" "load or build the module tun"
  grep -qw overlay /proc/filesystems || modinfo overlay >/dev/null 2>&1 ||
    problem "the kernel has no overlay file system" "use a kernel with CONFIG_OVERLAY_FS"
  [[ -e /sys/module/bridge || -e /proc/sys/net/bridge ]] || modinfo bridge >/dev/null 2>&1 || bridge_builtin ||
    problem "the kernel cannot make network bridges" "load or build the module bridge"
}

# Tries it in a network namespace that ends with the command, so nothing is left behind.
bridge_builtin() { unshare --net ip link add probe0 type bridge 2>/dev/null; }

free_cidr() { echo "192.168.$((RANDOM % 50 + 150)).0/24"; }

# check_subnet CIDR BRIDGE [UPLINK]: nothing else on the host uses it
check_subnet() {
  local line dev net
  while read -r line; do
    net=${line%% *}
    dev=${line##* dev }
    dev=${dev%% *}
    [[ $net == default || $dev == "$2" || $dev == "${3:-}" || $dev == lo ]] && continue
    [[ -z ${CLASHES["device:$dev"]:-} ]] || continue
    [[ $net == */* ]] || net=$net/32
    ! cidrs_overlap "$1" "$net" ||
      problem "network.cidr $1 overlaps $net, which $dev uses" "choose a free network.cidr, e.g. $(free_cidr)"
  done < <(ip -4 route show table main | sed -E 's/^(blackhole|unreachable|prohibit) //')
}

# check_port ADDRESS PORT: nothing listens there or on every address (ss writes * if that includes IPv4)
check_port() {
  local line
  [[ -z ${CLASHES["port:$2"]:-}${CLASHES["cidr:${EDGE_CIDR:-}"]:-} ]] || return 0
  while read -r line; do
    case ${line%:*} in
      0.0.0.0 | '*' | "$1") ;;
      *) continue ;;
    esac
    [[ ${line%:*} == "$1" && -e $STATE_DIR/services ]] && continue
    problem "port $2 of the lab's bridge is taken: something listens on $line" "stop it (ss -ltnp 'sport = :$2' names it), or write another in ports"
    return
  done < <(ss -Hltn "sport = :$2" 2>/dev/null | awk '{print $4}')
}

# whose XML: ": it is that of OWNER" if XML names an owner
whose() {
  local words
  words=$(owner_words "$1")
  [[ -z $words ]] || echo ": it is that of $words"
}

# check_domains NAME...: no foreign libvirt domain has one of our names
check_domains() {
  command -v virsh >/dev/null || return 0
  owner_virsh version >/dev/null 2>&1 || return 0
  local name xml
  for name in "$@"; do
    xml=$(object_xml domain "$name") || continue
    [[ -n ${CLASHES["domain:$name"]:-} ]] || owns domain "$xml" ||
      problem "libvirt has a domain $name that is not this lab's$(whose "$xml")" "rename the device in devices, or remove that domain"
  done
}

# check_network_name NAME: no foreign libvirt network or pool has the lab's name
check_network_name() {
  command -v virsh >/dev/null || return 0
  owner_virsh version >/dev/null 2>&1 || return 0
  [[ -z ${CLASHES["network:$1"]:-} ]] || return 0
  local xml
  if xml=$(object_xml pool "$1") && ! owns pool "$xml"; then
    problem "libvirt has a pool $1 that is not this lab's (its folder is$(sed -n 's:.*<path>\(.*\)</path>.*: \1:p' <<<"$xml"))" "write another network.name, or remove that pool"
  elif xml=$(object_xml net "$1") && ! owns net "$xml"; then
    # A network of the previous version names no owner; that version passed preflight here, and made it.
    [[ -z $(owner_attribute id "$xml") && -e $STATE_DIR/host/applied ]] ||
      problem "libvirt has a network $1 that is not this lab's$(whose "$xml")" "write another network.name, or remove that network"
  fi
}

# check_owner STACK: the state directory belongs to this stack, or to none yet
check_owner() {
  local owner
  owner=$(owner_stack)
  [[ -z $owner || -z $1 || $owner == "$1" ]] ||
    problem "stateDir $STATE_DIR belongs to stack $owner" "write edge-lab:stateDir: .lab-$1 in Pulumi.$1.yaml, or remove that lab: EDGE_LAB_STACK=$owner npm run destroy"
}

# The libvirtd that answers here must run in the namespace of the lab's bridge and dnsmasq. Another one, in a container
# for example, has its own /run.
check_namespace() {
  local pid
  pid=$(cat "${EDGE_LIBVIRTD_PID_FILE:-/run/libvirtd.pid}" 2>/dev/null) || return 0
  [[ $(cat "/proc/$pid/comm" 2>/dev/null) == libvirtd ]] || return 0
  [[ $(readlink "/proc/$pid/ns/net") == "$(readlink /proc/self/ns/net)" ]] ||
    problem "libvirtd (process $pid) runs in another network namespace" "stop it, or run the lab in its namespace"
}

# check_packages BUILDER JSON: every package of the blueprint and the releases exists. The JSON is assembled by
# hand because jq may not be installed yet.
check_packages() {
  local output request cache=${CACHE_DIR//\\/\\\\}
  request="{\"cacheDir\":\"${cache//\"/\\\"}\",${2#\{}"
  output=$("assets/builders/$1/depsolve" <<<"$request" 2>&1 >/dev/null) || problem "the image cannot be composed: $(tail -n 3 <<<"$output" | sed 's/^error: //' | paste -sd' ')" "correct blueprint or releases"
}

report_problems() {
  ((${#PROBLEMS[@]} == 0)) && return 0
  printf 'error: this host is not ready, and %s; %s:\n' "$CHANGED" "${#PROBLEMS[@]} to mend" >&2
  printf '  - %s\n' "${PROBLEMS[@]}" >&2
  return 1
}
