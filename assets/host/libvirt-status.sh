#!/usr/bin/env bash
# libvirt-status.sh status: what libvirt has, in one answer. record: keeps the domains' definitions for status to
# compare; an existing record of the same domain stays. Inputs: EDGE_STATE_DIR, EDGE_LIBVIRT_URI, EDGE_DOMAINS (names).
# Result: {"answers","domains","networks","pools","volumes"}, see client/drift/libvirt.ts. status changes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
: "${EDGE_LIBVIRT_URI:?libvirt URI}"
VERBS=(status record)

virsh_lines() { timeout 5 virsh -q -c "$EDGE_LIBVIRT_URI" "$@" 2>/dev/null; }

# flags ALL ACTIVE: {"NAME":true|false} from two lists of names
flags() {
  jq -n --arg all "$1" --arg active "$2" \
    '($active | split("\n")) as $on | [$all | split("\n")[] | select(. != "") | {(.): (. as $n | $on | index($n) != null)}] | add // {}'
}

# definition NAME: the domain's UUID, and a hash of the definition for its next start, without metadata such as the
# owner.
definition() {
  local xml uuid
  xml=$(virsh_lines dumpxml --inactive "$1") || xml=""
  uuid=$(sed -n 's/^ *<uuid>\(.*\)<\/uuid>$/\1/p' <<<"$xml" | head -n 1)
  echo "$uuid $(sed '/<metadata>/,/<\/metadata>/d' <<<"$xml" | sha256sum | cut -c 1-64)"
}

record() {
  local name now file
  for name in ${EDGE_DOMAINS:?}; do
    now=$(definition "$name")
    file=$STATE_DIR/console/$name.definition
    if [[ ! -s $file || $(<"$file") != "${now%% *} "* ]]; then
      echo "$now" >"$file.new"
      mv "$file.new" "$file"
    fi
  done
}

# domain_json NAME RUNNING
domain_json() {
  jq -n --arg name "$1" --argjson running "$2" --arg definition "$(definition "$1")" \
    --arg recorded "$(cat "$STATE_DIR/console/$1.definition" 2>/dev/null || :)" \
    '{($name): {$running, $definition, $recorded}}'
}

status() {
  local domains='{}' networks='{}' pools='{}' answers=false names running name
  if command -v virsh >/dev/null && names=$(virsh_lines list --all --name); then
    answers=true
    running=$(virsh_lines list --name) || running=""
    domains=$(for name in ${EDGE_DOMAINS:-}; do
      grep -qxF "$name" <<<"$names" || continue
      domain_json "$name" "$(grep -qxF "$name" <<<"$running" && echo true || echo false)"
    done | jq -s 'add // {}')
    networks=$(flags "$(virsh_lines net-list --all --name)" "$(virsh_lines net-list --name)")
    pools=$(flags "$(virsh_lines pool-list --all --name)" "$(virsh_lines pool-list --name)")
  fi
  result --argjson answers "$answers" --argjson domains "$domains" --argjson networks "$networks" \
    --argjson pools "$pools" --argjson volumes "$(find "$STATE_DIR/pool" -maxdepth 1 -type f -printf '%f\n' 2>/dev/null | jq -Rn '[inputs]')"
}

run_verb "$@"
