# shellcheck shell=bash
# Preflight of mode nat: libvirt's dnsmasq must get port 53 of the bridge's address, and port 67. Read-only. Needs
# preflight.sh.

# dns_fix PROGRAM BRIDGE
dns_fix() {
  case $1 in
    dnsmasq) echo "two lines in /etc/dnsmasq.d/edge-lab.conf: bind-interfaces and except-interface=$2, then systemctl restart dnsmasq; or stop it" ;;
    named) echo "name its addresses in listen-on and listen-on-v6 of named.conf, then systemctl restart named; or stop it" ;;
    unbound) echo "name its addresses in interface: of unbound.conf, then systemctl restart unbound; or stop it" ;;
    systemd-resolve*) echo "remove DNSStubListenerExtra= from resolved.conf, then systemctl restart systemd-resolved" ;;
    *) echo "let it listen on its own addresses only, or stop it" ;;
  esac
}

# listeners PORT: "PROTOCOL ADDRESS PROGRAM PID" of each socket on that port; * stands for every address, IPv6 included
listeners() {
  ss -Hlntup "sport = :$1" 2>/dev/null |
    awk '{ address = $5; sub(/:[0-9]+$/, "", address); program = "a program"; pid = "-"
      if (match($0, /users:\(\("[^"]*",pid=[0-9]+/)) {
        split(substr($0, RSTART + 9, RLENGTH - 9), part, /",pid=/); program = part[1]; pid = part[2] }
      gsub(/ /, "_", program); print $1, address, program, pid }'
}

# check_name_server GATEWAY BRIDGE: a listener on every address keeps dnsmasq from the bridge's own; one of another
# network (127.0.0.53, virbr0) does not
check_name_server() {
  local port protocol address program pid said=''
  for port in 53 67; do
    while read -r protocol address program pid; do
      [[ $port == 53 || $protocol == udp ]] || continue
      case $address in
        0.0.0.0 | '*') ;;
        # The lab's own of a run before.
        "$1") [[ $program != dnsmasq ]] || continue ;;
        *) continue ;;
      esac
      # One that is bound to its interfaces shares port 67 (make_fd in its dhcp.c); another is found by its port 53.
      [[ $port/$program != 67/dnsmasq ]] || continue
      # One problem for each program, however many sockets it has.
      [[ $said != *" $program/$pid "* ]] || continue
      said+=" $program/$pid "
      problem "$program (process $pid) listens on $address:$port ($protocol), where libvirt's dnsmasq answers the devices on $2" \
        "$(dns_fix "$program" "$2")"
    done < <(listeners "$port")
  done
}
