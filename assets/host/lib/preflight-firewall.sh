# shellcheck shell=bash
# Preflight of mode nat: the host's firewall must let in what devices send to the host: DHCP, DNS, and the lab's ports.
# libvirt adds its own rules for the first two, and only to iptables; an accept in one table does not overrule a drop in
# another (nft(8), "accept"). No rule is read for its meaning: firewall-trial.sh sends packets through a copy of the
# rules, in network namespaces of its own. Needs preflight.sh.

firewall_lib=${BASH_SOURCE[0]%/*}

# libvirt_uses_iptables: until 10.4 always; from then on as network.conf says, and nftables by default
libvirt_uses_iptables() {
  local version backend
  backend=$(sed -nE 's/^[[:space:]]*firewall_backend[[:space:]]*=[[:space:]]*"([a-z]+)".*/\1/p' /etc/libvirt/network.conf 2>/dev/null | tail -n 1)
  [[ -z $backend ]] || { [[ $backend == iptables ]] && return 0 || return 1; }
  version=$(virsh --version 2>/dev/null) || version=$(apt-cache policy libvirt-clients 2>/dev/null | sed -n 's/^ *Candidate: //p')
  [[ -n $version ]] && dpkg --compare-versions "$version" lt 10.4.0 2>/dev/null
}

# input_chains: "FAMILY TABLE CHAIN POLICY" of each chain of nftables that filters what comes in
input_chains() {
  nft list ruleset 2>/dev/null | awk '
    $1 == "table" { family = $2; table = $3 }
    $1 == "chain" { chain = $2 }
    /type filter hook input / && family != "arp" && family != "ip6" {
      policy = /policy drop/ ? "drop" : "accept"; print family, table, chain, policy }'
}

# firewall_filters: does the host have rules that could keep a packet out?
firewall_filters() {
  [[ -n $(input_chains) ]] || [[ $(iptables-save -t filter 2>/dev/null) =~ :INPUT\ DROP|-A\ INPUT ]]
}

# firewall_fix BRIDGE: the commands that open it, for what this host uses
firewall_fix() {
  local family table chain commands=()
  if [[ $(iptables-save -t filter 2>/dev/null) == *':ufw-user-input '* || $(ufw status 2>/dev/null) == *'Status: active'* ]]; then
    echo "ufw allow in on $1"
    return
  fi
  while read -r family table chain _; do
    # iptables' own chain of that name.
    if [[ "$family $table $chain" == 'ip filter INPUT' ]] && command -v iptables >/dev/null; then
      commands+=("iptables -I INPUT -i $1 -j ACCEPT")
    else
      commands+=("nft insert rule $family $table $chain iifname $1 accept")
    fi
  done < <(input_chains)
  ((${#commands[@]} > 0)) || commands=("iptables -I INPUT -i $1 -j ACCEPT")
  printf -v table '%s; ' "${commands[@]}"
  echo "${table%; } (and in the file from which the host loads its rules)"
}

# check_firewalld BRIDGE PORT...: libvirt puts its bridges into firewalld's zone libvirt, which lets in DHCP and DNS
check_firewalld() {
  local port closed=()
  for port in "${@:2}"; do
    firewall-cmd --quiet --zone=libvirt --query-port="$port/tcp" 2>/dev/null || closed+=("--add-port=$port/tcp")
  done
  ((${#closed[@]} == 0)) ||
    problem "firewalld's zone libvirt, in which $1 will be, does not let in the ports of registry and content server (${*:2})" \
      "firewall-cmd --permanent --zone=libvirt ${closed[*]} && firewall-cmd --reload"
}

# check_firewall GATEWAY CIDR BRIDGE PORT...
check_firewall() {
  local gateway=$1 cidr=$2 bridge=$3 blocked libvirt=no names=''
  shift 3
  if command -v firewall-cmd >/dev/null && firewall-cmd --quiet --state 2>/dev/null; then
    # The osbuild backend opens its ports itself.
    [[ $EDGE_BUILDER == osbuild ]] || check_firewalld "$bridge" "$@"
    return 0
  fi
  # Without nft, which the lab installs, there is nothing to try it out with yet.
  command -v nft >/dev/null || return 0
  firewall_filters || return 0
  ! libvirt_uses_iptables || libvirt=yes
  blocked=$(EDGE_TRIAL_LIBVIRT=$libvirt "$BASH" "$firewall_lib/firewall-trial.sh" "$gateway" "$cidr" "$bridge" "$@") || {
    problem "this host's firewall cannot be tried out for $bridge: ${blocked##*$'\n'}" "$(firewall_fix "$bridge")"
    return 0
  }
  [[ -n $blocked ]] || return 0
  case " ${blocked//$'\n'/ } " in *' udp:67 '*) names+=', DHCP' ;; esac
  case " ${blocked//$'\n'/ } " in *:53\ *) names+=', DNS' ;; esac
  case " ${blocked//$'\n'/ } " in *tcp:*) names+=", registry or content server" ;; esac
  problem "this host's firewall keeps out what devices send to $bridge: $(paste -sd' ' <<<"$blocked") (${names#, })" \
    "$(firewall_fix "$bridge")"
}
