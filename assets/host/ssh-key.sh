#!/usr/bin/env bash
# The lab's own ssh key, with which the host logs in as core on every device. Its stdout is secret.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh

KEY=$STATE_DIR/ssh/id_ed25519

apply() {
  if [[ ! -s $KEY || ! -s $KEY.pub ]]; then
    rm -rf "$STATE_DIR/ssh.new"
    (umask 077 && mkdir -p "$STATE_DIR/ssh.new")
    ssh-keygen -q -t ed25519 -N '' -C edge-lab -f "$STATE_DIR/ssh.new/id_ed25519"
    rm -rf "$STATE_DIR/ssh"
    mv "$STATE_DIR/ssh.new" "$STATE_DIR/ssh"
  fi
  result --rawfile privateKey "$KEY" --arg publicKey "$(cat "$KEY.pub")"
}

destroy() { rm -rf "$STATE_DIR/ssh" "$STATE_DIR/ssh.new"; }

status() { result --argjson exists "$([[ -s $KEY ]] && echo true || echo false)"; }

run_verb "$@"
