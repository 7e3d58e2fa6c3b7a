#!/usr/bin/env bash
# A host with a real NetworkManager, in its own namespaces: uplink eth0 in a LAN 10.99.0.0/24, whose router and DHCP
# server, in another namespace, is .1. lan-host.sh UNPACKED_PACKAGES; prints "up" and runs until it is ended.
set -euo pipefail
unpacked=$1

mount --make-rprivate /
for dir in /run /var/lib; do mount -t tmpfs tmpfs "$dir"; done
# NetworkManager waits for udev before it activates a device, unless /sys says that there is none.
mount -t sysfs -o ro sysfs /sys
mkdir -p /run/netns /run/dbus /run/nm/profiles /run/nm/conf.d

ip link set lo up
ip netns add router
ip link add eth0 address 52:54:00:aa:00:01 type veth peer name lan0 netns router
ip -n router link set lo up
ip -n router addr add 10.99.0.1/24 dev lan0
ip -n router link set lan0 up
ip netns exec router dnsmasq --no-daemon --conf-file=/dev/null --port=0 --interface=lan0 --pid-file= \
  --dhcp-range=10.99.0.50,10.99.0.99,1h --dhcp-leasefile=/run/leases >/run/dnsmasq.log 2>&1 &

cat >/run/bus.conf <<'END'
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
END
dbus-daemon --config-file=/run/bus.conf --nofork --nopidfile >/run/bus.log 2>&1 &
until [[ -S /run/dbus/system_bus_socket ]]; do sleep 0.05; done

cat >/run/nm/nm.conf <<'END'
[main]
plugins=keyfile
dns=none
auth-polkit=false
no-auto-default=*
dhcp=internal
[keyfile]
path=/run/nm/profiles
END
start_nm() {
  "$unpacked/usr/sbin/NetworkManager" --debug --config /run/nm/nm.conf --config-dir /run/nm/conf.d \
    --intern-config /run/nm/intern.conf --state-file /run/nm/state --pid-file /run/nm/pid >>/run/nm.log 2>&1
}
start_nm &
until nmcli general >/dev/null 2>&1; do sleep 0.05; done
nmcli connection add type ethernet ifname eth0 con-name home ipv4.method auto ipv6.method link-local >/dev/null
until ip -4 -o addr show dev eth0 | grep -q inet; do sleep 0.05; done
echo up
# A file requests a restart of NetworkManager after it was ended.
while sleep 0.1; do
  if [[ -e /run/start-nm ]]; then
    rm /run/start-nm
    start_nm &
  fi
done
