# shellcheck shell=bash
# nginx for the depot: own configuration and folder (DIR/web), independent of the host's nginx.

WEB_USER=www-data
getent passwd "$WEB_USER" >/dev/null || WEB_USER=nobody

# Paths are relative to the folder that nginx starts in (-p and the working directory): a state directory may
# have spaces in its name, and a socket's path is limited to 107 bytes.
web_config() {
  cat <<CONF
# Written by depot.sh.
daemon off;
worker_processes 2;
worker_rlimit_nofile 8192;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 2048; }
http {
  # Small files by the thousand: each one must leave at once, on a connection that stays.
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 120s;
  keepalive_requests 1000000;
  reset_timedout_connection on;
  server_tokens off;
  default_type application/octet-stream;
  types { }
  client_max_body_size 64k;
  client_body_buffer_size 64k;
  client_body_temp_path tmp/body;
  proxy_temp_path tmp/proxy;
  fastcgi_temp_path tmp/fastcgi;
  uwsgi_temp_path tmp/uwsgi;
  scgi_temp_path tmp/scgi;

  log_format count '\$msec \$remote_addr \$status \$body_bytes_sent \$request_method \$request_uri';
  access_log off;

  upstream api {
    server unix:../api.sock;
    keepalive 8;
  }
  server {
    listen $1 backlog=4096;

    location /repo/ {
      alias ../../repo/;
      limit_except GET { deny all; }
      # A client asks for what need not be there, such as a signature.
      log_not_found off;
      access_log access.log count buffer=64k flush=1s;
      location ~ ^/repo/(tmp|state|extensions)/ { return 404; }
      location = /repo/.lock { return 404; }
    }
    location / {
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host \$host;
      proxy_set_header X-Edge-Client \$remote_addr;
      proxy_connect_timeout 2s;
      proxy_read_timeout 15s;
    }
  }
}
CONF
}

# web_prepare DIR LISTEN REPO: makes the folder and configuration, and sets WEB_COMMAND
web_prepare() {
  local nginx group read_only=-all,+dac_read_search
  local -a unprivileged
  nginx=$(command -v nginx) || die "nginx is not installed"
  group=$(id -g "$WEB_USER")
  # An unprivileged user; to read a project in a private folder it keeps this one capability.
  unprivileged=(setpriv --reuid="$WEB_USER" --regid="$group" --clear-groups --no-new-privs)
  unprivileged+=(--inh-caps="$read_only" --ambient-caps="$read_only")
  mkdir -p "$1/tmp"
  web_config "$2" >"$1/nginx.conf.new"
  # Open the file to find out: access(2) ignores such capabilities.
  if ! "${unprivileged[@]}" cat "$3/config" >/dev/null 2>&1; then
    # A container may not grant that capability, or the file system may not know this user.
    say depot "nginx runs as root: $WEB_USER cannot read $3"
    unprivileged=()
    sed -i '1i user root;' "$1/nginx.conf.new"
  fi
  mv "$1/nginx.conf.new" "$1/nginx.conf"
  chown -R "$WEB_USER:$group" "$1"
  # shellcheck disable=SC2034 # read by depot.sh
  WEB_COMMAND=(env --chdir="$1" "${unprivileged[@]}" "$nginx" -p "$1" -c nginx.conf)
}
