# shellcheck shell=bash
# nginx for the depot: a configuration of its own in a folder of root's, independent of the host's nginx. It runs as a
# user of its own from the start, in a sandbox (service-sandbox.sh) that has the repository and nothing else of the lab.

# One address can have 64511 connections to the port, as many as it has ports of its own: they must not use up what all
# have. For each of the two workers; each one is a file.
WEB_CONNECTIONS=32768
WEB_OTHER_FILES=1024

# web_config ADDRESS PORT CONNECTIONS
web_config() {
  cat <<CONF
# Written by depot.sh.
daemon off;
worker_processes 2;
pid /tmp/nginx.pid;
error_log stderr warn;
# With a mutex a worker whose connections run out leaves new ones to the other.
events { worker_connections $3; accept_mutex on; accept_mutex_delay 20ms; }
http {
  # Small files by the thousand: each one must leave at once, on a connection that stays.
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 120s;
  keepalive_requests 1000000;
  reset_timedout_connection on;
  server_tokens off;
  absolute_redirect off;
  default_type application/octet-stream;
  types { }

  # What one client may take: a request line or header, a body, the time for them.
  client_header_buffer_size 1k;
  large_client_header_buffers 2 4k;
  client_header_timeout 10s;
  client_max_body_size 64k;
  client_body_buffer_size 64k;
  client_body_timeout 10s;
  # A device pulls with 8 connections, the host's own programs share one address.
  limit_conn_zone \$binary_remote_addr zone=connections:1m;
  limit_conn connections 64;
  limit_conn_status 429;
  limit_req_zone \$binary_remote_addr zone=api:1m rate=50r/s;
  limit_req_status 429;
  limit_conn_log_level info;
  limit_req_log_level info;

  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  proxy_max_temp_file_size 0;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;

  # A log a minute: the depot reads them as they grow and removes those that are over (depot/accessLogs.ts), so nobody
  # needs to tell nginx to open another one. nginx writes each line at once, because the name is not constant.
  log_format count '\$msec \$remote_addr \$status \$body_bytes_sent \$request_method \$request_uri';
  map \$time_iso8601 \$minute {
    default 0;
    "~^(?<to_minute>[-0-9]+T[0-9]+:[0-9]+)" \$to_minute;
  }
  open_log_file_cache max=8 inactive=20s valid=5s;
  access_log off;

  upstream api {
    server unix:/run/depot/api.sock;
    keepalive 8;
  }
  # A page from elsewhere whose name was made to mean this address (DNS rebinding) asks by that name.
  server {
    listen $1:$2 default_server backlog=4096;
    server_name _;
    return 421;
  }
  server {
    listen $1:$2;
    server_name $1;
    if (\$http_host !~ "^${1//./\\.}(:$2)?$") { return 421; }

    location /repo/ {
      alias /srv/repo/;
      disable_symlinks on from=/srv/repo/;
      limit_except GET { deny all; }
      # A client asks for what need not be there, such as a signature.
      log_not_found off;
      access_log /var/log/access/\$minute.log count;
      location ~ ^/repo/(tmp|state|extensions)/ { return 404; }
      location = /repo/.lock { return 404; }
    }
    location / {
      limit_req zone=api burst=200 nodelay;
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host depot;
      proxy_set_header X-Edge-Client \$remote_addr;
      proxy_connect_timeout 2s;
      proxy_read_timeout 15s;
    }
  }
}
CONF
}

# web_prepare ADDRESS PORT: writes the configuration into DIR/web, and sets WEB_COMMAND, and SERVICE_MOUNTS for it.
# Needs service-sandbox.sh; DIR, REPO, WEB_USER.
web_prepare() {
  local nginx new files=$((WEB_CONNECTIONS + WEB_OTHER_FILES))
  nginx=$(command -v nginx) || die "nginx is not installed"
  # A container may have a lower limit that even root cannot raise.
  prlimit --nofile="$files:$files" true 2>/dev/null || files=$(ulimit -Hn)
  new=$(mktemp "$DIR/web/nginx.conf.XXXXXX")
  web_config "$1" "$2" $((files > 2 * WEB_OTHER_FILES ? files - WEB_OTHER_FILES : files / 2)) >"$new"
  chmod 644 "$new"
  mv "$new" "$DIR/web/nginx.conf"
  sandbox "$WEB_USER" ro "$DIR/web" /etc/nginx ro "$REPO" /srv/repo ro "$DIR/run" /run/depot \
    rw "$DIR/access" /var/log/access
  WEB_COMMAND=(prlimit --nofile="$files:$files" "${SANDBOX[@]}" "$nginx" -e stderr -p /tmp -c /etc/nginx/nginx.conf)
}
