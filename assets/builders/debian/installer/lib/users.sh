# shellcheck shell=dash
# Users, their keys, services: the kickstart overrides the image.

# in_system CMD...: through env, because busybox's chroot would run its own applet for CMD
in_system() { chroot "$DEPLOYMENT" /usr/bin/env "$@"; }

users_make() {
  index=0
  while [ "$index" -lt "$KS_USERS" ]; do
    index=$((index + 1))
    user_make "$(value "user_${index}_name")" "user_$index"
  done
  index=0
  while [ "$index" -lt "$KS_KEYS" ]; do
    index=$((index + 1))
    user_key "$(value "sshkey_${index}_username")" "$(value "sshkey_${index}_word")"
  done
  [ -z "$KS_LOCK_ROOT" ] || need_ok "rootpw --lock" in_system passwd --quiet --lock root
  for name in $(echo "${KS_services_enabled:-}" | tr , ' '); do need_ok "services --enabled=$name" in_system systemctl enable "$name"; done
  for name in $(echo "${KS_services_disabled:-}" | tr , ' '); do need_ok "services --disabled=$name" in_system systemctl disable "$name"; done
  step "users and services set"
}

# user_make NAME PREFIX: creates the user, or changes the image's
user_make() {
  [ -n "$1" ] || failed "kickstart: user without --name"
  case $1 in [!a-z_]* | *[!a-z0-9_-]*) failed "kickstart: user --name=$1 is no user name" ;; esac
  if ! grep -q "^$1:" "$DEPLOYMENT/etc/passwd"; then
    shell=$(value "$2_shell") uid=$(value "$2_uid")
    need_ok "user $1" in_system useradd --no-create-home --home-dir "/var/home/$1" --shell "${shell:-/bin/bash}" \
      --comment "$(value "$2_gecos")" ${uid:+--uid "$uid"} "$1"
  fi
  uid=$(value "$2_uid")
  [ -z "$uid" ] || grep -q "^$1:[^:]*:$uid:" "$DEPLOYMENT/etc/passwd" ||
    failed "user $1: the image gives it another number than $uid, which the app's units name"
  for group in $(value "$2_groups" | tr , ' '); do
    # Kickstarts written for RHEL say wheel; on Debian that is sudo.
    if [ "$group" = wheel ] && ! grep -q '^wheel:' "$DEPLOYMENT/etc/group"; then group=sudo; fi
    need_ok "user $1: group $group" in_system usermod --append --groups "$group" "$1"
  done
  password=$(value "$2_password")
  if [ -n "$password" ]; then
    # A line end would set another user's password, a colon another field. The reason shows no part of it.
    case $password in '$' | [!$]* | *[!A-Za-z0-9./$=,+_-]*) failed "user $1: --password is not a crypt(3) hash" ;; esac
    [ -n "$(value "$2_iscrypted")" ] || failed "user $1: --password needs --iscrypted: clear text does not belong on a medium"
    printf '%s:%s\n' "$1" "$password" | in_system chpasswd -e || failed "user $1: password"
  fi
  user_home "$1"
}

user_home() {
  home=$DEPLOYMENT/var/home/$1
  [ ! -d "$home" ] || return 0
  mkdir -m 700 "$home"
  cp -a "$DEPLOYMENT/etc/skel/." "$home/"
  need_ok "home of $1" in_system chown -R "$1:" "/var/home/$1"
}

# user_key NAME KEY: adds to the keys that the blueprint gave the user
user_key() {
  grep -q "^$1:" "$DEPLOYMENT/etc/passwd" || failed "sshkey: there is no user $1"
  user_home "$1"
  file=$DEPLOYMENT/var/home/$1/.ssh/authorized_keys
  if [ ! -f "$file" ]; then
    mkdir -p "${file%/*}"
    : >"$file"
    [ ! -f "$DEPLOYMENT/usr/share/edge/users/$1/authorized_keys" ] || cat "$DEPLOYMENT/usr/share/edge/users/$1/authorized_keys" >"$file"
    chmod 700 "${file%/*}"
    chmod 600 "$file"
  fi
  grep -qxF "$2" "$file" || printf '%s\n' "$2" >>"$file"
  need_ok "sshkey of $1" in_system chown -R "$1:" "/var/home/$1/.ssh"
}
