# shellcheck shell=dash
# The network for the installation; the installed system configures its own.

network_up() {
  ip link set lo up
  network_device
  ip link set "$NIC" up
  case ${KS_network_bootproto:-dhcp} in
    dhcp) quiet udhcpc -i "$NIC" -n -q -t 30 -T 1 -A 1 -s /installer/dhcp || failed "no DHCP answer on $NIC" ;;
    static) network_static ;;
    *) failed "network --bootproto=${KS_network_bootproto}: dhcp or static" ;;
  esac
  step "network $NIC $(ip -4 -o addr show dev "$NIC" | awk '{ print $4 }')"
}

# network_device: the requested one (name, MAC, or "link": the first with a carrier), else the first
network_device() {
  want=${KS_network_device:-} NIC='' tries=0
  while [ -z "$NIC" ]; do
    for path in /sys/class/net/*; do
      name=${path##*/}
      [ "$name" != lo ] || continue
      case $want in
        '' | "$name" | "$(cat "$path/address")") NIC=$name && break ;;
        link)
          ip link set "$name" up
          if [ "$(cat "$path/carrier" 2>/dev/null)" = 1 ]; then NIC=$name && break; fi
          ;;
      esac
    done
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || failed "no network device ${want:-at all}"
    [ -n "$NIC" ] || sleep 0.1
  done
}

network_static() {
  for option in ip netmask gateway; do
    [ -n "$(value "network_$option")" ] || failed "network --bootproto=static needs --$option"
  done
  need_ok "network: address" ip addr add "$KS_network_ip/$KS_network_netmask" dev "$NIC"
  need_ok "network: gateway" ip route add default via "$KS_network_gateway"
  : >/etc/resolv.conf
  for server in $(echo "${KS_network_nameserver:-}" | tr , ' '); do echo "nameserver $server" >>/etc/resolv.conf; done
}
