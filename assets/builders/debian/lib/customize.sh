# shellcheck shell=bash
# The blueprint's customizations: users, services, firewall. $1 is the mounted tree. Needs INPUT, PARENT_TREE
# (the parent commit's /usr/etc, or empty: users keep their numbers across releases).

# Firewall services that blueprints name, as "port:protocol ..."; the rest come from the tree's /etc/services.
declare -A FIREWALL_SERVICES=([ssh]=22:tcp [http]=80:tcp [https]=443:tcp [http3]=443:udp [dns]='53:tcp 53:udp'
  [ntp]=123:udp [mdns]=5353:udp [dhcp]=67:udp ['dhcpv6-client']=546:udp [cockpit]=9090:tcp [snmp]=161:udp
  [mqtt]=1883:tcp ['mqtt-tls']=8883:tcp ['prometheus-node-exporter']=9100:tcp)

customize_users() {
  local user
  while IFS= read -r user; do customize_user "$1" "$user"; done < <(jq -c '.customizations.user // [] | .[]' <<<"$INPUT")
}

# customize_user ROOT JSON
customize_user() {
  local root=$1 name uid gid group groups=() options=()
  name=$(jq -r .name <<<"$2")
  [[ $name =~ ^[a-z_][a-z0-9_-]*$ ]] || die "customizations.user: '$name' is no user name"
  uid=$(jq -r '.uid // ""' <<<"$2")
  [[ -n $uid ]] || uid=$(parent_id passwd "$name")
  gid=$(parent_id group "$name")
  while read -r group; do
    groups+=("$(group_in "$root" "$group" "$name")")
  done < <(jq -r '.groups // [] | .[]' <<<"$2")
  if ! grep -q "^$name:" "$root/etc/passwd"; then
    if [[ -n $gid ]]; then
      grep -q "^$name:" "$root/etc/group" || logged chroot "$root" groupadd --gid "$gid" "$name"
      options+=(--gid "$gid")
    else
      options+=(--user-group)
    fi
    logged chroot "$root" useradd --no-create-home --home-dir "/var/home/$name" \
      --shell "$(jq -r '.shell // "/bin/bash"' <<<"$2")" --comment "$(jq -r '.description // ""' <<<"$2")" \
      ${uid:+--uid "$uid"} "${options[@]}" "$name"
  fi
  ((${#groups[@]} == 0)) || logged chroot "$root" usermod --append --groups "$(IFS=, && echo "${groups[*]}")" "$name"
  user_password "$root" "$name" "$(jq -r '.password // ""' <<<"$2")"
  user_files "$root" "$name" "$(jq -r '[.key // empty, (.keys // [])[]] | unique[]' <<<"$2")"
  rm -f "$root"/etc/{passwd,group,shadow,gshadow,subuid,subgid}-
}

# parent_id FILE NAME: the numeric id of NAME in the parent release
parent_id() {
  [[ -z $PARENT_TREE ]] || awk -F: -v n="$2" '$1 == n { print $3 }' "$PARENT_TREE/$1"
}

# group_in ROOT GROUP USER: blueprints written for RHEL say wheel; on Debian that is sudo
group_in() {
  if grep -q "^$2:" "$1/etc/group"; then
    printf '%s\n' "$2"
  elif [[ $2 == wheel ]]; then
    printf 'sudo\n'
  else
    die "customizations.user $3: the image has no group '$2': name one that a package makes"
  fi
}

# user_password ROOT NAME HASH_OR_EMPTY: never on a command line
user_password() {
  [[ -n $3 ]] || return 0
  # shellcheck disable=SC2016 # a hash begins with a literal $
  [[ $3 == '$'* ]] || die "customizations.user $2: password must be a crypt(3) hash, such as mkpasswd -m sha-512 prints"
  printf '%s:%s\n' "$2" "$3" | chroot "$1" chpasswd --encrypted
}

# user_files ROOT NAME KEYS: /var is empty in a commit, so the first boot makes the home
user_files() {
  local uid gid factory=/usr/share/edge/users/$2
  uid=$(awk -F: -v n="$2" '$1 == n { print $3 }' "$1/etc/passwd")
  gid=$(awk -F: -v n="$2" '$1 == n { print $4 }' "$1/etc/passwd")
  {
    printf 'd /var/home/%s 0700 %s %s -\n' "$2" "$uid" "$gid"
    if [[ -n $3 ]]; then
      printf 'd /var/home/%s/.ssh 0700 %s %s -\n' "$2" "$uid" "$gid"
      printf 'C /var/home/%s/.ssh/authorized_keys 0600 %s %s - %s/authorized_keys\n' "$2" "$uid" "$gid" "$factory"
    fi
  } >"$1/usr/lib/tmpfiles.d/edge-user-$2.conf"
  if [[ -n $3 ]]; then
    mkdir -p "$1$factory"
    printf '%s\n' "$3" >"$1$factory/authorized_keys"
  fi
}

# customize_firewall ROOT: rules for the input chain of the guest's nftables.conf
customize_firewall() {
  local file=$1/usr/lib/edge/nftables.d/blueprint.nft item
  mkdir -p "${file%/*}"
  {
    echo '# from the blueprint: customizations.firewall'
    while read -r item; do firewall_rule "$item" accept; done < <(jq -r '.customizations.firewall.ports // [] | .[]' <<<"$INPUT")
    while read -r item; do firewall_service "$1" "$item" accept; done < <(jq -r '.customizations.firewall.services.enabled // [] | .[]' <<<"$INPUT")
    while read -r item; do firewall_service "$1" "$item" drop; done < <(jq -r '.customizations.firewall.services.disabled // [] | .[]' <<<"$INPUT")
  } >"$file"
}

# firewall_rule PORT[-PORT]:PROTOCOL VERDICT
firewall_rule() {
  [[ $1 =~ ^([0-9]+)(-[0-9]+)?:(tcp|udp|sctp)$ ]] ||
    die "customizations.firewall: '$1' must be PORT:PROTOCOL or FIRST-LAST:PROTOCOL with tcp, udp or sctp"
  printf '%s dport %s%s %s\n' "${BASH_REMATCH[3]}" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "$2"
}

# firewall_service ROOT NAME VERDICT
firewall_service() {
  local ports=${FIREWALL_SERVICES[$2]:-} port
  [[ -n $ports || ! -r $1/etc/services ]] ||
    ports=$(awk -v n="$2" '$1 == n { sub("/", ":", $2); print $2 }' "$1/etc/services" | paste -sd' ')
  [[ -n $ports ]] || die "customizations.firewall.services: no port is known for '$2': give it under firewall.ports"
  for port in $ports; do firewall_rule "$port" "$3"; done
}

# customize_services ROOT: after the presets, so that the blueprint decides last
customize_services() {
  local verb unit
  for verb in enable disable; do
    while read -r unit; do
      logged chroot "$1" systemctl "$verb" "$(unit_in "$1" "$unit")"
    done < <(jq -r --arg k "${verb}d" '.customizations.services[$k] // [] | .[]' <<<"$INPUT")
  done
}

# unit_in ROOT NAME: Debian's name of a unit (sshd is ssh there)
unit_in() {
  local name=$2
  [[ $name == *.* ]] || name=$name.service
  [[ $name != sshd.service ]] || name=ssh.service
  [[ -e $1/usr/lib/systemd/system/$name || -e $1/etc/systemd/system/$name ]] ||
    die "customizations.services: the image has no unit $name: add the package that brings it"
  printf '%s\n' "$name"
}
