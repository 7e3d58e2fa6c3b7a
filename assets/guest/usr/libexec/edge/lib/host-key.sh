# shellcheck shell=bash
# This device's ssh host key. The installer makes it, and each boot tells it on the console, which nothing but this
# device writes: there the lab learns it before it connects for the first time. Needs edge.sh.

HOST_KEY=$ROOT/etc/ssh/ssh_host_ed25519_key

# host_key_make: one type, because an RSA key takes seconds without KVM. Under another name first: half a key is useless.
host_key_make() {
  local new=$ROOT/etc/ssh/new_host_key
  [[ ! -s $HOST_KEY ]] || return 0
  rm -f "$new" "$new.pub"
  ssh-keygen -q -t ed25519 -N "" -C "" -f "$new"
  mv "$new.pub" "$HOST_KEY.pub"
  mv "$new" "$HOST_KEY"
}

host_key_tell() {
  local type data
  [[ -r $HOST_KEY.pub ]] || return 0
  read -r type data _ <"$HOST_KEY.pub"
  edge_console "host key $type $data"
}
