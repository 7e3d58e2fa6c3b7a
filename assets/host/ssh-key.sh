#!/usr/bin/env bash
# The lab's own ssh key, with which the host logs in as core on every device. Its stdout is secret. apply gets its last
# answer in PULUMI_COMMAND_STDOUT.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh

KEY=$STATE_DIR/ssh/id_ed25519

# public_half: the public key computed from the private one; empty if that is no key. ssh-keygen refuses a private key
# that others may read, so mend fixes its mode first.
public_half() { ssh-keygen -y -P '' -f "$KEY" 2>/dev/null </dev/null; }

# restore: devices know this key, so one that was lost or damaged is put back as the stack's state has it
restore() {
  local private
  private=$(printf %s "${PULUMI_COMMAND_STDOUT:-}" | jq -r '.privateKey // empty' 2>/dev/null) || return 0
  [[ -n $private ]] || return 0
  say ssh-key "it was lost or damaged: the stack's state has it"
  (umask 077 && mkdir -p "$STATE_DIR/ssh" && printf '%s\n' "$private" >"$KEY.new")
  mv "$KEY.new" "$KEY"
}

# mend: keeps the key as long as the private half exists
mend() {
  local public
  chmod 700 "$STATE_DIR/ssh"
  chmod 600 "$KEY"
  if ! public=$(public_half); then
    say ssh-key "the private key cannot be read: a new one is made, which devices do not know"
    rm -f "$KEY"
  elif [[ "$(cut -d' ' -f1,2 "$KEY.pub" 2>/dev/null)" != "$(cut -d' ' -f1,2 <<<"$public")" ]]; then
    printf '%s edge-lab\n' "$(cut -d' ' -f1,2 <<<"$public")" >"$KEY.pub.new"
    mv "$KEY.pub.new" "$KEY.pub"
  fi
}

apply() {
  [[ ! -e $KEY ]] || chmod 600 "$KEY"
  public_half >/dev/null || restore
  [[ ! -s $KEY ]] || mend
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

# same_key A B: do two lines in OpenSSH's format name the same key? Ignores their comments.
same_key() {
  local a b
  read -r -a a <<<"$1"
  read -r -a b <<<"$2"
  [[ ${#a[@]} -ge 2 && ${#b[@]} -ge 2 && "${a[0]} ${a[1]}" == "${b[0]} ${b[1]}" ]]
}

status() {
  local exists=false public='' mode
  if [[ ! -s $KEY ]]; then
    drift "the ssh key is gone"
  else
    exists=true
    mode=$(stat -c %a "$KEY" 2>/dev/null) || :
    if [[ $mode != 600 ]]; then
      # ssh-keygen, like ssh, refuses such a key.
      drift "the ssh key has mode $mode: only its owner may read it"
    elif tools ssh-keygen; then
      read_line public "$KEY.pub" || :
      if ! mode=$(public_half); then
        drift "the ssh key cannot be read"
      elif ! same_key "$public" "$mode"; then
        drift "the public half of the ssh key is gone or another key's"
      fi
    fi
    [[ $(stat -c %a "$STATE_DIR/ssh" 2>/dev/null) == 700 ]] || drift "the folder of the ssh key is open to others"
  fi
  status_result exists "$exists"
}

run_verb "$@"
