#!/usr/bin/env bash
# libvirtd.sh DIRECTORY: a test's own libvirtd, with its sockets in DIRECTORY. It sees no other
# daemon's files and no network, and keeps its state in DIRECTORY across a restart.
set -euo pipefail

own=$1
[[ ${2:-} == inside ]] || exec unshare --mount --net "$0" "$own" inside

for path in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
  mkdir -p "$path" "$own$path"
done
[[ -e $own/etc/libvirt/libvirtd.conf ]] || cp -a /etc/libvirt/. "$own/etc/libvirt"
rm -rf "$own/etc/libvirt/qemu/networks/autostart"
# If QEMU's user cannot open /dev/kvm, libvirt probes QEMU again at every call, half a minute each time.
printf '%s = "root"\n' user group >"$own/etc/libvirt/qemu.conf"
mount -t tmpfs tmpfs /run
for path in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
  mount --bind "$own$path" "$path"
done
for access in ro rw; do printf 'auth_unix_%s = "none"\n' "$access"; done >"$own/libvirtd.conf"
printf 'unix_sock_dir = "%s"\n' "$own" >>"$own/libvirtd.conf"
exec libvirtd -f "$own/libvirtd.conf" -p "$own/libvirtd.pid"
