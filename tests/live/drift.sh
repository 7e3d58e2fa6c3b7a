#!/usr/bin/env bash
# A lab that drifts, kind by kind: breaks one thing, then checks that the preview shows it, that one `up` repairs it and
# does what the preview said, and that there is nothing to do after that. Prints the seconds of each repair. Run by hand,
# as root: npm run test:drift [KIND...]. On a host without systemd it runs in its own network namespace.
# EDGE_LIVE_KEEP=1 keeps the clone, with its logs. EDGE_LIVE_LAB=CLONE takes the lab that is up in that clone (in the
# network namespace EDGE_LIVE_NAMESPACE), and leaves it up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

TEST=drift
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
STATE=${EDGE_LIVE_LAB:-$WORK/clone}/.lab
REPO=$STATE/repo
NETWORK=edge-lab
DEVICE=edge-device-2
FAILED=()

v() { inside "${LV[@]}" "$@"; }
pool_file() { ls "$STATE/pool/$1"-*.qcow2; }

# pids_of PATTERN: processes of the lab's state directory whose command line matches, but none of libvirt's
pids_of() {
  local dir command
  for dir in /proc/[0-9]*; do
    command=$(tr '\0' ' ' <"$dir/cmdline" 2>/dev/null) || continue
    [[ $command =~ $1 && ! $command =~ qemu|libvirt|virtlog|dnsmasq ]] || continue
    [[ $(readlink "$dir/cwd") == "$STATE"* || $command == *"$STATE/"* ]] || continue
    echo "${dir#/proc/}"
  done
}

# redefine DOMAIN SED: changes a domain's definition
redefine() {
  v dumpxml --inactive "$1" | sed "$2" >"$WORK/domain.xml"
  v define "$WORK/domain.xml" >/dev/null
}

# One function a kind.
break_services() { pids_of . | xargs kill -9; }
break_supervisor() { pids_of supervisord | xargs kill -9; }
break_tag_moved() {
  local type=application/vnd.oci.image.manifest.v1+json tags=http://192.168.76.1:5000/v2/httpd/manifests
  inside curl -fsS -H "Accept: $type" -o "$WORK/manifest" "$tags/v2"
  inside curl -fsS -X PUT -H "Content-Type: $type" --data-binary "@$WORK/manifest" \
    --netrc-file "$STATE/registry/push/netrc" "http://$(<"$STATE/registry/push/address")/v2/httpd/manifests/prod"
}
break_tag_deleted() { rm -r "$(find "$STATE/registry/data" -type d -path '*/_manifests/tags/v2')"; }
break_ref_moved() { ostree --repo="$REPO" refs --force --create=debian/trixie/x86_64/edge "$(ostree --repo="$REPO" rev-parse release/0.0.1)"; }
break_ref_deleted() { ostree --repo="$REPO" refs --delete release/0.0.2; }
break_delta() { rm -r "$REPO"/deltas/*; }
break_summary() { rm "$REPO"/summary*; }
break_object() { rm "$(find "$REPO/objects" -name '*.filez' | sort | head -n 1)"; }
break_iso_gone() { rm "$STATE/iso/edge-primary.iso"; }
break_iso_changed() { echo x >>"$STATE/iso/edge-backup.iso"; }
break_blueprint() { rm "$STATE"/blueprints/*; }
break_key_mode() { chmod 644 "$STATE/ssh/id_ed25519"; }
break_forwarding() { inside sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'; }
break_firewall() { inside iptables -t nat -F LIBVIRT_PRT; }
break_firewall_part() { inside iptables -D LIBVIRT_FWO -s 192.168.76.0/24 -i edgelab0 -j ACCEPT; }
break_bridge_gone() { inside ip link del edgelab0; }
break_bridge_down() { inside ip link set edgelab0 down; }
break_dhcp_killed() { kill -9 "$(cat /run/libvirt/network/$NETWORK.pid)"; }
break_unplugged() { inside ip link set "$(v domiflist "$DEVICE" | awk '{print $1; exit}')" nomaster; }
break_key_gone() { rm -r "$STATE/ssh"; }
break_repo_gone() { rm -r "$STATE/repo"; }
break_lease() {
  local lease
  lease=$(v net-dumpxml "$NETWORK" | grep -o "<host mac=.*$DEVICE.*/>")
  v net-update "$NETWORK" delete ip-dhcp-host "$lease" --live --config >/dev/null
}
break_device_off() { v destroy "$DEVICE" >/dev/null; }
break_domain_changed() { redefine "$DEVICE" 's/<watchdog \(.*\) action=.reset./<watchdog \1 action="none"/'; }
break_domain_gone() {
  v destroy "$DEVICE" >/dev/null
  v undefine "$DEVICE" >/dev/null
}
break_network_off() { v net-destroy "$NETWORK" >/dev/null; }
break_network_gone() {
  v net-destroy "$NETWORK" >/dev/null
  v net-undefine "$NETWORK" >/dev/null
}
break_pool_gone() {
  v pool-destroy "$NETWORK" >/dev/null
  v pool-undefine "$NETWORK" >/dev/null
}
# refresh: `pulumi refresh`, which drops what is gone from the stack's state
refresh() {
  # shellcheck disable=SC2016 # for the inner shell
  inside env -C "$WORK/clone" bash -euc 'eval "$(npm run -s env)"; pulumi refresh --yes --skip-preview --non-interactive' >"$WORK/refresh.log" 2>&1 ||
    fail "refresh: $(tail -n 3 "$WORK/refresh.log" | tr '\n' ' ')"
}
break_network_gone_refreshed() {
  break_network_gone
  refresh
}
break_pool_gone_refreshed() {
  break_pool_gone
  refresh
}
# Defined by hand again, without its UUID.
break_domain_other() {
  v dumpxml --inactive "$DEVICE" | sed '/<uuid>/d' >"$WORK/domain.xml"
  break_domain_gone
  v define "$WORK/domain.xml" >/dev/null
}
break_libvirtd_killed() {
  if [[ -d /run/systemd/system ]]; then systemctl stop libvirtd.service libvirtd{,-ro,-admin}.socket; else kill -9 "$(cat /run/libvirtd.pid)"; fi
}
break_paused() { v suspend "$DEVICE" >/dev/null; }
# As after a restart of a host without systemd: nothing runs, nothing is in the kernel, all files are there.
break_host_restarted() {
  local pid
  pids_of . | xargs kill -9
  # shellcheck disable=SC2046 # a list of numbers
  kill -9 $(ip netns pids "${EDGE_LIVE_NAMESPACE:-$NAME}") || :
  for pid in /run/libvirtd.pid /run/virtlogd.pid; do
    [[ ! -s $pid ]] || ! kill -9 "$(cat "$pid")" 2>/dev/null || sleep 0.1
  done
  rm -rf /run/libvirt/{qemu,network,storage}/*
  inside ip link del edgelab0
  inside nft flush ruleset
}
break_disk_empty() {
  local file
  file=$(pool_file "$DEVICE")
  v destroy "$DEVICE" >/dev/null
  qemu-img create -q -f qcow2 "$file" 16G
}
break_pool_folder() { rm -r "$STATE/pool"; }
break_disk_gone() {
  v destroy "$DEVICE" >/dev/null
  rm "$(pool_file "$DEVICE")"
}

# Kinds that no device notices: it must not have restarted.
KINDS=(services supervisor tag_moved tag_deleted ref_moved ref_deleted delta summary object iso_gone iso_changed blueprint
  key_mode key_gone repo_gone forwarding firewall firewall_part bridge_gone bridge_down dhcp_killed unplugged lease
  network_off network_gone network_gone_refreshed pool_gone pool_gone_refreshed paused libvirtd_killed)
QUIET_KINDS=" ${KINDS[*]} "
KINDS+=(device_off domain_changed domain_gone domain_other)
# A host with systemd is restarted by its user.
[[ -d /run/systemd/system ]] || KINDS+=(host_restarted)
KINDS+=(disk_gone disk_empty pool_folder)

# boots: the devices' boot ids
boots() {
  local name
  for name in edge-device-1 edge-device-2; do
    npm_run dev lab -- ssh "$name" -- cat /proc/sys/kernel/random/boot_id || echo "$name does not answer"
  done | paste -sd' '
}

# operations FILE: what pulumi does to each resource, or would do
operations() {
  sed -nE 's/^ *(\+|~|-|\+-) +[^ ]+:[^ ]+ ([^ ]+) (creat|updat|delet|replac).*/\2 \3e/p' "$1" | sort -u
}

fail() {
  say "  FAILED: $*"
  FAILED+=("$*")
}

# try KIND
try() {
  local log=$WORK/$1 begun before
  before=$(boots)
  "break_$1"
  if npm_run dev preview -- --expect-no-changes >"$log.preview" 2>&1; then
    fail "$1: the preview shows nothing"
  fi
  begun=$SECONDS
  if ! npm_run dev up >"$log.up" 2>&1; then
    fail "$1: up: $(tail -n 3 "$log.up" | tr '\n' ' ')"
    npm_run dev up >"$log.again" 2>&1 || die "$1: a second up failed too: see $log.again"
    return 0
  fi
  printf '%-16s repaired in %3s s: %s\n' "$1" $((SECONDS - begun)) "$(operations "$log.up" | paste -sd, | sed 's/,/, /g')"
  diff <(operations "$log.preview") <(operations "$log.up") >"$log.diff" || fail "$1: up did other things than the preview said: $(tr '\n' ' ' <"$log.diff")"
  [[ $QUIET_KINDS != *" $1 "* || $before == "$(boots)" ]] || fail "$1: a device restarted"
  npm_run dev preview -- --expect-no-changes >"$log.after" 2>&1 ||
    fail "$1: changes remain: $(operations "$log.after" | paste -sd,)"
}

main() {
  ((EUID == 0)) || die "run it as root"
  local kind
  (($# == 0)) || KINDS=("$@")
  for kind in "${KINDS[@]}"; do
    declare -F "break_$kind" >/dev/null || die "there is no kind $kind; kinds: ${KINDS[*]}"
  done
  if [[ -n ${EDGE_LIVE_LAB:-} ]]; then
    IN=(${EDGE_LIVE_NAMESPACE:+ip netns exec "$EDGE_LIVE_NAMESPACE"})
    ln -s "$EDGE_LIVE_LAB" "$WORK/clone"
    for kind in "${KINDS[@]}"; do try "$kind"; done
  else
    network_up
    trap "finish dev" EXIT
    git clone -q . "$WORK/clone"
    listing >"$WORK/before"
    say "up"
    npm_run dev up >"$WORK/up.log" 2>&1 || { tail -n 40 "$WORK/up.log" && die "up"; }
    for kind in "${KINDS[@]}"; do try "$kind"; done
    npm_run dev lab -- doctor || fail "doctor"
    npm_run dev destroy || die "destroy"
    listing >"$WORK/after"
    diff "$WORK/before" "$WORK/after" || fail "the host is not as it was"
  fi
  ((${#FAILED[@]} == 0)) || die "${#FAILED[@]} failures: ${FAILED[*]}"
  say "all is well"
}

main "$@"
