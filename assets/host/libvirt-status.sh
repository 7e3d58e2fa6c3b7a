#!/usr/bin/env bash
# libvirt-status.sh status: what libvirt has, in one answer. record: keeps the domains' definitions for status to
# compare; an existing record of the same domain stays. Inputs: EDGE_STATE_DIR, EDGE_LIBVIRT_URI, EDGE_DOMAINS and
# EDGE_NETWORKS (names; the lab's pool has the name of its network).
# Result: {"answers","domains","networks","pools","volumes"}, see client/drift/libvirt.ts. status changes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/libvirt-active.sh
. assets/host/lib/libvirt-active.sh
: "${EDGE_LIBVIRT_URI:?libvirt URI}"
VERBS=(status record)

virsh_lines() { timeout 5 virsh -q -c "$EDGE_LIBVIRT_URI" "$@" 2>/dev/null; }

# names ARGS...: a list of names; pool-list pads them with blanks
names() { virsh_lines "$@" --name | sed 's/ *$//'; }

# flags ALL ACTIVE: {"NAME":true|false} from two lists of names
flags() {
  jq -n --arg all "$1" --arg active "$2" \
    '($active | split("\n")) as $on | [$all | split("\n")[] | select(. != "") | {(.): (. as $n | $on | index($n) != null)}] | add // {}'
}

# definition NAME: sets UUID, HASH, MEMORY (MiB) and VCPUS from the domain's definition for its next start. The hash is
# without metadata such as the owner, and without memory and vcpus, which change in place.
definition() {
  local xml
  xml=$(virsh_lines dumpxml --inactive "$1") || xml=""
  UUID=$(sed -n 's/^ *<uuid>\(.*\)<\/uuid>$/\1/p' <<<"$xml" | head -n 1)
  MEMORY=$(sed -n "s/^  <memory unit='KiB'>\([0-9]*\)<.*/\1/p" <<<"$xml")
  MEMORY=$((${MEMORY:-0} / 1024))
  VCPUS=$(sed -n 's/^  <vcpu[^>]*>\([0-9]*\)<.*/\1/p' <<<"$xml")
  HASH=$(sed '/<metadata>/,/<\/metadata>/d; /^  <memory /d; /^  <currentMemory /d; /^  <vcpu[ >]/d' <<<"$xml" |
    sha256sum | cut -c 1-64)
}

record() {
  local name now file
  for name in ${EDGE_DOMAINS:?}; do
    definition "$name"
    now="$UUID $HASH"
    file=$STATE_DIR/console/$name.definition
    if [[ ! -s $file || $(<"$file") != "${now%% *} "* ]]; then
      echo "$now" >"$file.new"
      mv "$file.new" "$file"
    fi
  done
}

# switched_on NAME: when its process was started, in seconds since 1970; 0 if that is not known
switched_on() { stat -c %Y "${EDGE_LIBVIRT_RUN:-/run/libvirt}/qemu/$1.pid" 2>/dev/null || echo 0; }

# volatile NAME: true if it runs on a disk of `scenario power-cut --lose-unflushed`, which a killed scenario leaves
volatile() {
  grep -qsE "socket='/run/edge-lab-[^']*/disk.sock'" "${EDGE_LIBVIRT_RUN:-/run/libvirt}/qemu/$1.xml" && echo true || echo false
}

# domain_json NAME RUNNING PAUSED AUTOSTART
domain_json() {
  definition "$1"
  jq -n --arg name "$1" --argjson running "$2" --argjson paused "$3" --argjson autostart "$4" --arg definition "$UUID $HASH" \
    --argjson memoryMiB "$MEMORY" --argjson vcpus "${VCPUS:-0}" --argjson since "$(switched_on "$1")" --argjson volatile "$(volatile "$1")" \
    --arg recorded "$(cat "$STATE_DIR/console/$1.definition" 2>/dev/null || :)" \
    '{($name): {$running, $paused, $autostart, $definition, $recorded, $memoryMiB, $vcpus, $since, $volatile}}'
}

# grounded net|pool: of the names on stdin those that are not the lab's, or are and have what they stand on
grounded() {
  local name
  while read -r name; do
    [[ " ${EDGE_NETWORKS:-} " == *" $name "* ]] && without_ground "$1" "$name" || echo "$name"
  done
}

# volumes: {"FILE":{"fileBytes","allocatedBytes"}} of the pool's folder
volumes() {
  find "$STATE_DIR/pool" -maxdepth 1 -type f -printf '%f\t%s\t%b\n' 2>/dev/null |
    jq -Rn '[inputs / "\t" | {(.[0]): {fileBytes: (.[1] | tonumber), allocatedBytes: (.[2] | tonumber * 512)}}] | add // {}'
}

# among NAME NAMES: true or false
among() { grep -qxF "$1" <<<"$2" && echo true || echo false; }

status() {
  local domains='{}' networks='{}' pools='{}' answers=false name
  local all running paused autostart networks_all networks_active pools_all pools_active
  # One question without an answer, and nothing is known: what is not listed would be taken for gone, and made anew.
  if command -v virsh >/dev/null && all=$(names list --all) && running=$(names list) &&
    paused=$(names list --state-paused) && autostart=$(names list --all --autostart) &&
    networks_all=$(names net-list --all) && networks_active=$(names net-list) &&
    pools_all=$(names pool-list --all) && pools_active=$(names pool-list); then
    answers=true
    domains=$(for name in ${EDGE_DOMAINS:-}; do
      grep -qxF "$name" <<<"$all" || continue
      domain_json "$name" "$(among "$name" "$running")" "$(among "$name" "$paused")" "$(among "$name" "$autostart")"
    done | jq -s 'add // {}')
    networks=$(flags "$networks_all" "$(grounded net <<<"$networks_active")")
    pools=$(flags "$pools_all" "$(grounded pool <<<"$pools_active")")
  fi
  result --argjson answers "$answers" --argjson domains "$domains" --argjson networks "$networks" \
    --argjson pools "$pools" --argjson volumes "$(volumes)"
}

run_verb "$@"
