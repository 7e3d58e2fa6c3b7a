#!/usr/bin/env bash
# libvirt-host.sh SCRIPT ARGUMENTS...: a host with its own libvirt daemon, in new namespaces (unshare). libvirt's
# state is in memory and ends with the namespaces; the machine's own libvirt is neither visible nor changed.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
# What /sys shows of the network is the namespace's that it was mounted in.
mount -t sysfs sysfs /sys
mount -t tmpfs run /run
mkdir -p /run/lock /run/etc/qemu /run/etc/storage
cp /etc/libvirt/*.conf /run/etc/
for directory in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
  mount -t tmpfs libvirt "$directory"
done
cp -r /run/etc/. /etc/libvirt/
# If QEMU's user cannot open /dev/kvm, libvirt probes QEMU again at every call.
printf '%s = "root"\n' user group >/etc/libvirt/qemu.conf
# The namespaces have no cgroups of their own to put a guest into.
echo 'cgroup_controllers = [ ]' >>/etc/libvirt/qemu.conf
mkdir -p /var/lib/libvirt/dnsmasq
ip link set lo up
virtlogd -d
libvirtd -d
export EDGE_LIBVIRT_URI=qemu:///system EDGE_LABS_DIR=/run/edge-lab/.labs
for _ in {1..200}; do
  ! virsh -q -c "$EDGE_LIBVIRT_URI" version >/dev/null 2>&1 || break
  sleep 0.1
done
exec bash -euo pipefail "$@"
