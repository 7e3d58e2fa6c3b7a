# shellcheck shell=bash
# The blueprint's users and groups. $1 is the mounted tree. Needs INPUT, PARENT_TREE (the parent commit's /usr/etc, or
# empty: users keep their numbers across releases).

# The devices' operator, which the app's units name by number (protocol/names.ts): in every image, whatever users the
# blueprint has, and in whatever order.
OPERATOR=core
OPERATOR_UID=1000
# What shadow(5) says of the last change of passwords: a constant, or the image would depend on the day.
PASSWORD_DAY=20000

customize_users() {
  local root=$1 users user
  operator_number_free "$root"
  while IFS= read -r user; do customize_group "$root" "$user"; done < <(
    jq -c '.customizations.group // [] | sort_by(.gid == null)[]' <<<"$INPUT"
  )
  # Those with a number first: the others then take what is free.
  users=$(jq -c --arg operator "$OPERATOR" --argjson uid "$OPERATOR_UID" '
    (.customizations.user // []) as $users |
    (($users | map(select(.name == $operator)) | first // {name: $operator}) | .uid = $uid | .gid = $uid) as $own |
    $own, ($users | map(select(.name != $operator)) | sort_by(.uid == null)[])' <<<"$INPUT")
  while IFS= read -r user; do customize_user "$root" "$user"; done <<<"$users"
  while IFS= read -r user; do user_key "$root" "$user"; done < <(jq -c '.customizations.sshkey // [] | .[]' <<<"$INPUT")
  awk -F: -v OFS=: -v day="$PASSWORD_DAY" '$3 != "" && $3 != 0 { $3 = day } 1' "$root/etc/shadow" >"$WORK/shadow"
  cat "$WORK/shadow" >"$root/etc/shadow"
  rm -f "$WORK/shadow" "$root"/etc/{passwd,group,shadow,gshadow,subuid,subgid}-
}

operator_number_free() {
  local name
  name=$(account_with "$1/etc/passwd" "$OPERATOR_UID")
  [[ -z $name || $name == "$OPERATOR" ]] || die "a package of the image has taken the number $OPERATOR_UID for its user $name"
}

# account_with FILE NUMBER: its name
account_with() { awk -F: -v n="$2" '$3 == n { print $1; exit }' "$1"; }

# account_number FILE NAME
account_number() { awk -F: -v n="$2" '$1 == n { print $3; exit }' "$1"; }

# parent_id FILE NAME: the numeric id of NAME in the parent release
parent_id() { [[ -z $PARENT_TREE ]] || account_number "$PARENT_TREE/$1" "$2"; }

# group_add ROOT NAME GID_OR_EMPTY
group_add() {
  local gid=$3
  [[ -n $gid ]] || gid=$(parent_id group "$2")
  logged chroot "$1" groupadd ${gid:+--gid "$gid"} --key "GID_MIN=$((OPERATOR_UID + 1))" "$2"
}

# customize_group ROOT JSON
customize_group() {
  local name gid have
  name=$(jq -r .name <<<"$2")
  gid=$(jq -r '.gid // ""' <<<"$2")
  have=$(account_number "$1/etc/group" "$name")
  if [[ -z $have ]]; then
    group_add "$1" "$name" "$gid"
  elif [[ -n $gid && $gid != "$have" ]]; then
    die "customizations.group: '$name' is a group of the image's packages, with gid $have: leave its gid out"
  fi
}

# user_group ROOT NAME GID_OR_EMPTY: the user's own group, or the one with that number; prints its gid
user_group() {
  if [[ -n $3 && -n $(account_with "$1/etc/group" "$3") ]]; then
    echo "$3"
    return
  fi
  [[ -n $(account_number "$1/etc/group" "$2") ]] || group_add "$1" "$2" "$3"
  account_number "$1/etc/group" "$2"
}

# customize_user ROOT JSON
customize_user() {
  local root=$1 name uid gid group groups=() home shell options=()
  name=$(jq -r .name <<<"$2")
  [[ $name =~ ^[a-z_][a-z0-9_-]{0,31}$ ]] || die "customizations.user: '$name' is no user name"
  uid=$(jq -r '.uid // ""' <<<"$2")
  [[ -n $uid ]] || uid=$(parent_id passwd "$name")
  while read -r group; do
    groups+=("$(group_in "$root" "$group" "$name")")
  done < <(jq -r '.groups // [] | .[]' <<<"$2")
  home=$(home_of "$name" "$(jq -r '.home // ""' <<<"$2")")
  if [[ -z $(account_number "$root/etc/passwd" "$name") ]]; then
    gid=$(user_group "$root" "$name" "$(jq -r '.gid // ""' <<<"$2")")
    shell=$(jq -r '.shell // "/bin/bash"' <<<"$2")
    chroot "$root" test -x "$shell" ||
      die "customizations.user $name: the image has no shell '$shell': add the package that brings it"
    # useradd gives no subordinate ids, which podman needs, to a number below UID_MIN.
    if [[ -n $uid ]]; then options=(--uid "$uid"); else options=(--key "UID_MIN=$((OPERATOR_UID + 1))"); fi
    logged chroot "$root" useradd --no-create-home --home-dir "$home" --gid "$gid" --no-user-group \
      --shell "$shell" --comment "$(jq -r '.description // ""' <<<"$2")" "${options[@]}" "$name"
  fi
  ((${#groups[@]} == 0)) || logged chroot "$root" usermod --append --groups "$(IFS=, && echo "${groups[*]}")" "$name"
  user_password "$root" "$name" "$(jq -r '.password // ""' <<<"$2")"
  user_aging "$root" "$name" "$2"
  user_home "$root" "$name" "$home"
  user_key "$root" "$(jq -c '{user: .name, key: ([.key // empty, (.keys // [])[]] | unique | join("\n"))}' <<<"$2")"
}

# home_of NAME HOME_OR_EMPTY: where the links at / lead, for what lies there is in /var
home_of() {
  local home=${2:-/var/home/$1}
  while [[ $home == */ ]]; do home=${home%/}; done
  case $home in
    /home/* | /srv/* | /opt/* | /mnt/*) home=/var$home ;;
    /var/*) ;;
    *) die "customizations.user $1: home '$home' must be below /home, /srv, /opt, /mnt or /var" ;;
  esac
  printf '%s\n' "$home"
}

# group_in ROOT GROUP USER: blueprints written for RHEL say wheel; on Debian that is sudo
group_in() {
  if [[ -n $(account_number "$1/etc/group" "$2") ]]; then
    printf '%s\n' "$2"
  elif [[ $2 == wheel ]]; then
    printf 'sudo\n'
  else
    die "customizations.user $3: the image has no group '$2': add it under customizations.group, or the package that makes it"
  fi
}

# user_password ROOT NAME HASH_OR_EMPTY: never on a command line
user_password() {
  [[ -n $3 ]] || return 0
  # A line end would set another user's password, a colon another field.
  [[ $3 =~ ^\$[A-Za-z0-9./\$=,+_-]+$ ]] || die "customizations.user $2: password must be a crypt(3) hash, such as mkpasswd -m sha-512 prints"
  printf '%s:%s\n' "$2" "$3" | chroot "$1" chpasswd --encrypted
}

# user_aging ROOT NAME JSON: the day on which the account ends (days since 1970), a password that must be changed
user_aging() {
  local day
  day=$(jq -r '.expiredate // ""' <<<"$3")
  [[ -z $day ]] || logged chroot "$1" chage --expiredate "$day" "$2"
  ! jq -e '.force_password_reset == true' <<<"$3" >/dev/null || logged chroot "$1" chage --lastday 0 "$2"
}

# user_home ROOT NAME HOME: /var is empty in a commit, so the first boot makes the home. By names: a device that merged
# its own /etc may have other numbers.
user_home() {
  local group
  group=$(account_with "$1/etc/group" "$(awk -F: -v n="$2" '$1 == n { print $4 }' "$1/etc/passwd")")
  printf 'd "%s" 0700 %s %s -\n' "$3" "$2" "$group" >"$1/usr/lib/tmpfiles.d/edge-user-$2.conf"
}

# user_key ROOT JSON: {user, key}; adds to the keys that the user has already
user_key() {
  local name keys key home group conf factory file
  name=$(jq -r .user <<<"$2")
  keys=$(jq -r .key <<<"$2")
  [[ -n ${keys//[[:space:]]/} ]] || return 0
  home=$(awk -F: -v n="$name" '$1 == n { print $6 }' "$1/etc/passwd")
  group=$(account_with "$1/etc/group" "$(awk -F: -v n="$name" '$1 == n { print $4 }' "$1/etc/passwd")")
  [[ -n $home && -n $group ]] || die "customizations.sshkey: the image has no user '$name'"
  [[ $home != /root ]] || home=/var/roothome
  conf=$1/usr/lib/tmpfiles.d/edge-user-$name.conf
  factory=/usr/share/edge/users/$name
  file=$1$factory/authorized_keys
  mkdir -p "$1$factory"
  touch "$file"
  while IFS= read -r key; do
    key=${key%$'\r'}
    [[ -z ${key//[[:space:]]/} ]] || grep -qxF -- "$key" "$file" || printf '%s\n' "$key" >>"$file"
  done <<<"$keys"
  grep -qs 'authorized_keys' "$conf" || printf '%s\n' "d \"$home/.ssh\" 0700 $name $group -" \
    "C \"$home/.ssh/authorized_keys\" 0600 $name $group - $factory/authorized_keys" >>"$conf"
}
