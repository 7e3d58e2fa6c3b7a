# shellcheck shell=bash
# The lab's own key signs every release (GPG; Debian builds libostree without ed25519 signatures).
# The image and the installer have the public part where libostree looks for trusted keys: neither takes a commit that
# the lab did not sign. Needs STATE, LOG, and our own mount namespace.

SIGNER='Edge Lab image builder'
# The agent's socket path must be short; the state directory's may not be.
SIGNING_HOME=/mnt
# gpg refuses a key that was made later than the clock says (GPG_ERR_TIME_CONFLICT), on the host and on every device:
# so the key's date is a constant, older than what a host that runs ahead or a device without a clock may take for now.
SIGNING_EPOCH=20000101T000000

# signing_open: the key, made once, at SIGNING_HOME. Mount and agent end with our namespaces.
signing_open() {
  (umask 077 && mkdir -p "$STATE/signing")
  mount --bind "$STATE/signing" "$SIGNING_HOME"
  signing_make
  signing_read
}

# signing_make: the key, unless it exists
signing_make() {
  [[ ! -s $STATE/signing/public.gpg ]] || return 0
  signing_gpg --faked-system-time "$SIGNING_EPOCH!" --passphrase '' --quick-generate-key "$SIGNER" ed25519 sign never
  signing_gpg --output "$SIGNING_HOME/public.gpg.tmp" --yes --export "$SIGNER"
  mv "$STATE/signing/public.gpg.tmp" "$STATE/signing/public.gpg"
}

# Sets SIGNING_KEY, the key's fingerprint. A key that an earlier version made has its host's date.
signing_read() {
  local list made now fix
  list=$(gpg --homedir "$SIGNING_HOME" --batch --quiet --no-auto-check-trustdb --with-colons --list-keys "=$SIGNER" 2>>"$LOG") || list=''
  SIGNING_KEY=$(awk -F: '$1 == "fpr" { print $10; exit }' <<<"$list")
  made=$(awk -F: '$1 == "pub" { print $6; exit }' <<<"$list")
  fix="npm run destroy, then npm run up: a new key, with devices that trust it"
  [[ -n $SIGNING_KEY && $made =~ ^[0-9]+$ ]] ||
    die "the signing key in $STATE/signing cannot be read: see $LOG; fix: put the folder back from a backup, or $fix"
  now=$(date +%s)
  ((made <= now)) || die "the signing key in $STATE/signing is from $(date -u -d "@$made" '+%F %T') UTC, \
and this host's clock says $(date -u -d "@$now" '+%F %T') UTC: neither this host nor a device accepts a key from the \
future; fix: set the clock right if it is behind; if it is right, the key was made while it was ahead: $fix"
}

signing_gpg() { logged gpg --homedir "$SIGNING_HOME" --batch --quiet --pinentry-mode loopback "$@"; }

TRUSTED_KEY=/usr/share/ostree/trusted.gpg.d/edge.gpg

# signing_public ROOT: copies the public key into an image
signing_public() {
  install -D -m 644 "$STATE/signing/public.gpg" "$1$TRUSTED_KEY"
}

# signing_commit REPO COMMIT: signs a commit that another program made. ostree refuses to sign one a second time.
signing_commit() {
  local shown
  shown=$(ostree show --repo="$1" --gpg-homedir="$SIGNING_HOME" "$2")
  [[ $shown != *" key ID ${SIGNING_KEY: -16}"* ]] || return 0
  logged ostree gpg-sign --repo="$1" --gpg-homedir="$SIGNING_HOME" "$2" "$SIGNING_KEY"
}

# signing_pre: the part of a kickstart that gives the installer the public key, from its own medium. Needs no namespace.
signing_pre() {
  local key=$STATE/signing/public.gpg
  [[ -s $key ]] || die "there is no $key, so the installer could not tell the lab's commits from others; \
fix: put the folder back from a backup, or npm run destroy, then npm run up: a new key, with devices that trust it"
  printf '\n%%pre --erroronfail\nset -eu\nmkdir -p %s\nbase64 -d >%s <<END\n' "${TRUSTED_KEY%/*}" "$TRUSTED_KEY"
  base64 "$key"
  printf 'END\n%%end\n'
}
