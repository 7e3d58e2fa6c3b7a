# shellcheck shell=bash
# The lab's own key signs every release (GPG; Debian builds libostree without ed25519 signatures).
# The image carries the public part where libostree looks for trusted keys, so a device can require signed
# commits (gpg-verify=true on its remote). Needs STATE, LOG, and our own mount namespace.

SIGNER='Edge Lab image builder'
# The agent's socket path must be short; the state directory's may not be.
SIGNING_HOME=/mnt

# signing_open: the key, made once, at SIGNING_HOME. Mount and agent end with our namespaces.
signing_open() {
  (umask 077 && mkdir -p "$STATE/signing")
  mount --bind "$STATE/signing" "$SIGNING_HOME"
  if [[ ! -s $STATE/signing/public.gpg ]]; then
    signing_gpg --passphrase '' --quick-generate-key "$SIGNER" ed25519 sign never
    signing_gpg --output "$SIGNING_HOME/public.gpg.tmp" --yes --export "$SIGNER"
    mv "$STATE/signing/public.gpg.tmp" "$STATE/signing/public.gpg"
  fi
  SIGNING_KEY=$(gpg --homedir "$SIGNING_HOME" --batch --quiet --no-auto-check-trustdb --with-colons --list-keys "=$SIGNER" | awk -F: '$1 == "fpr" { print $10; exit }')
}

signing_gpg() { logged gpg --homedir "$SIGNING_HOME" --batch --quiet --pinentry-mode loopback "$@"; }

# signing_public ROOT: copies the public key into the image
signing_public() {
  install -D -m 644 "$STATE/signing/public.gpg" "$1/usr/share/ostree/trusted.gpg.d/edge.gpg"
}
