# shellcheck shell=bash
# Who may write to the registry: whoever can read DIR/push, which is root's. The registry that devices ask is read-only;
# a second one on a loopback address, which no other machine reaches, takes pushes with this credential.
# Needs log.sh; DIR, PROJECT, REGISTRY_USER.

PUSH=$DIR/push
PUSH_USER=edge-lab

# push_address GATEWAY PORT: a loopback address of this lab's own, by that of its registry
push_address() { printf '127.%s:%s\n' "${1#*.}" "$2"; }

# put_closed FILE: writes what is on standard input for root alone; no reader meets half of it
put_closed() {
  (umask 077 && cat >"$1.new")
  mv "$1.new" "$1"
}

# push_credential ADDRESS: the password, made once, and its forms: for curl, for container tools, for the registry
push_credential() {
  local password hash
  (umask 077 && mkdir -p "$PUSH")
  if ! read_line password "$PUSH/password" || [[ ! $password =~ ^[0-9a-f]{48}$ ]]; then
    password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n' "$password" | put_closed "$PUSH/password"
    rm -f "$DIR/htpasswd"
  fi
  if [[ ! -s $DIR/htpasswd ]]; then
    hash=$(cd "$PROJECT" && printf '%s' "$password" | node --import tsx assets/host/lib/htpasswd.ts "$PUSH_USER") ||
      die "the registry's password file could not be made; fix: see above; if a package is missing, npm ci"
    printf '%s\n' "$hash" | put_closed "$DIR/htpasswd"
  fi
  chown "root:$REGISTRY_USER" "$DIR/htpasswd"
  chmod 640 "$DIR/htpasswd"
  printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$1" "$(printf '%s:%s' "$PUSH_USER" "$password" | base64 -w 0)" |
    put_closed "$PUSH/auth.json"
  printf 'machine %s login %s password %s\n' "${1%:*}" "$PUSH_USER" "$password" | put_closed "$PUSH/netrc"
  printf '%s\n' "$1" | put_closed "$PUSH/address"
}
