# shellcheck shell=bash
# What the live tests share: a folder for their clone, a network namespace on a host without systemd, and the listing of
# what a lab could leave behind. Source it from the project's folder; it needs TEST, a name for messages.

NAME=edgelive-$$
WORK=$(mktemp -d "${TMPDIR:-/tmp}/edge-live-XXXXXX")
LV=(virsh -q -c qemu:///system)

say() { printf '%s: %s\n' "$TEST" "$*"; }
die() {
  say "FAILED: $*"
  exit 1
}

# inside CMD...: in the namespace, if there is one
inside() { "${IN[@]}" "$@"; }

network_up() {
  IN=()
  [[ ! -d /run/systemd/system ]] || return 0
  IN=(ip netns exec "$NAME")
  FORWARD=$(cat /proc/sys/net/ipv4/ip_forward)
  ip netns add "$NAME"
  ip link add "live$$" type veth peer name live0 netns "$NAME"
  ip addr add 10.213.78.1/30 dev "live$$"
  ip link set "live$$" up
  ip -n "$NAME" addr add 10.213.78.2/30 dev live0
  ip -n "$NAME" link set live0 up
  ip -n "$NAME" link set lo up
  ip -n "$NAME" route add default via 10.213.78.1
  echo 1 >/proc/sys/net/ipv4/ip_forward
  nft -f - <<<"table ip $NAME { chain post { type nat hook postrouting priority 100; ip saddr 10.213.78.2 masquerade; }; }"
}

network_down() {
  ((${#IN[@]})) || return 0
  ip netns del "$NAME"
  nft delete table ip "$NAME"
  echo "$FORWARD" >/proc/sys/net/ipv4/ip_forward
}

# listing: everything that a lab could leave behind
listing() {
  local kind
  for kind in list net-list pool-list; do inside "${LV[@]}" "$kind" --all --name 2>/dev/null | awk -v k="$kind" 'NF {print k, $1}' || :; done
  inside ip -o link | awk '{print "link", $2}'
  inside nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//; s/^/rule /'
  inside ss -Hltn | awk '{print "listens", $4}' | sort
  cat /proc/sys/net/ipv4/ip_forward
  ls -A /var/lib/edge-lab 2>/dev/null || :
  find /etc/systemd/system -name 'edge-lab*'
}

# npm_run STACK WORD...
npm_run() {
  local stack=$1
  shift
  inside env -C "$WORK/clone" EDGE_LAB_STACK="$stack" npm run -s "$@"
}

# finish STACK...: what to do at the end; a failed test destroys its labs.
finish() {
  local status=$? stack
  trap - EXIT
  if ((status != 0)); then
    for stack; do npm_run "$stack" destroy || say "destroy of $stack ended with status $?"; done
  fi
  network_down
  [[ -n ${EDGE_LIVE_KEEP:-} ]] || rm -rf "$WORK"
  exit "$status"
}
