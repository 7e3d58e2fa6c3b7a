# shellcheck shell=bash
# The operator's ways in: ssh keys in the home folder, which all deployments share, and a password in /etc/shadow, of
# which each deployment has its own: for the console, and over the network only where that is asked for. Needs edge.sh
# and app.sh.

PASSWORD=$STATE/password
PASSWORD_LOGIN=$STATE/password-login
# sshd takes the first value that it reads: before the image's own file, 50-edge.conf.
LOGIN_CONFIG=$ROOT/etc/ssh/sshd_config.d/40-edge-login.conf

# operator_keys LINES: who may log in. Fails if nothing changes.
operator_keys() {
  local folder=$ROOT/var/home/$APP_USER/.ssh
  local file=$folder/authorized_keys
  ! edge_is "$file" "$1" || return 1
  mkdir -p "$folder"
  (umask 077 && edge_put "$file" "$1")
  chown "$APP_UID:$APP_UID" "$folder" "$file"
  chmod 0700 "$folder"
}

# operator_password_keep HASH: the crypt(3) hash that every deployment is to have. Fails if nothing changes.
operator_password_keep() {
  ! edge_is "$PASSWORD" "$1" || return 1
  (umask 077 && edge_put "$PASSWORD" "$1")
}

# operator_password_apply: as kept; nothing if none is kept, or if it is there.
operator_password_apply() {
  local wanted name hash
  edge_read wanted "$PASSWORD"
  [[ -n $wanted ]] || return 0
  while IFS=: read -r name hash _; do
    [[ $name != "$APP_USER" || $hash != "$wanted" ]] || return 0
  done <"$ROOT/etc/shadow"
  chpasswd --encrypted <<<"$APP_USER:$wanted"
}

# operator_login_keep yes|no: whether sshd is to take the password. Fails if nothing changes.
operator_login_keep() {
  local before
  edge_read before "$PASSWORD_LOGIN" no
  [[ $before != "$1" ]] || return 1
  edge_put "$PASSWORD_LOGIN" "$1"
}

# operator_login_apply: as kept, for each connection from now on. Each deployment has its own /etc.
operator_login_apply() {
  local wanted
  edge_read wanted "$PASSWORD_LOGIN" no
  if [[ $wanted == yes ]]; then
    edge_put "$LOGIN_CONFIG" "PasswordAuthentication yes"
  else
    rm -f "$LOGIN_CONFIG"
  fi
}
