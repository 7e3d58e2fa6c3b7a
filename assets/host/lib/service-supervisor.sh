# shellcheck shell=bash
# service.sh on a host without systemd: one supervisord, started with the first service.
# It runs with the services directory as its working directory and names everything relative to it, so that
# neither a long path (sockets: 108 bytes) nor one with spaces matters.

supervisor_ctl() (
  cd "$SERVICE_DIR" && env -i PATH="$PATH" LANG=C.UTF-8 timeout 30 \
    supervisorctl -c supervisord.conf -s unix:///proc/self/cwd/supervisor.sock "$@"
)

# It says what is wrong on its standard output.
supervisor_do() {
  local output
  output=$(supervisor_ctl "$@" 2>&1) || {
    printf 'error: supervisorctl %s: %s\n' "$*" "$output" >&2
    return 1
  }
}

# Alive, answering, and in this network namespace
supervisor_alive() {
  local pid
  pid=$(supervisor_ctl pid 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ && /proc/$pid/ns/net -ef /proc/self/ns/net ]]
}

supervisor_config() {
  cat <<'CONF'
[unix_http_server]
file=supervisor.sock
chmod=0700
[supervisord]
logfile=../log/supervisord.log
logfile_maxbytes=1MB
logfile_backups=1
pidfile=supervisord.pid
childlogdir=../log
user=root
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
[include]
files=*.program
CONF
}

supervisor_start() (
  cd "$SERVICE_DIR" || exit
  # One that was killed leaves its files; one that hangs or serves another namespace must go first.
  end_holders "$(pwd -P)/supervisord.lock"
  rm -f supervisor.sock* supervisord.pid
  supervisor_config >supervisord.conf
  # Descriptor 4 stays open in supervisord (it closes from 5 up) and not in its children. Everything else is
  # closed: no lock, pipe or terminal of the caller may live on in a daemon.
  # shellcheck disable=SC2016 # expands in the new shell
  setsid env -i PATH="$PATH" LANG=C.UTF-8 bash -c '
    for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd < 3)) || eval "exec $fd>&-"; done
    exec 4>>supervisord.lock
    exec supervisord -c supervisord.conf' </dev/null >../log/supervisord.start.log 2>&1 || {
    cat ../log/supervisord.start.log >&2
    return 1
  }
)

manager_ensure() {
  local program=$SERVICE_DIR/$1.program
  cat >"$program.new" <<CONF
[program:$1]
command=/usr/bin/env bash ./$1.run
autorestart=true
startsecs=1
startretries=100
stopwaitsecs=10
killasgroup=true
redirect_stderr=true
stdout_logfile=../log/$1.log
stdout_logfile_maxbytes=4MB
stdout_logfile_backups=1
CONF
  mv "$program.new" "$program"
  if ! supervisor_alive; then
    say service "supervisord starts"
    supervisor_start
    wait_until 20 supervisor_alive || die "supervisord does not answer, see $STATE_DIR/log/supervisord.log"
  fi
  supervisor_do update "$1"
}

manager_running() {
  local state
  # Its exit status is 3 for what does not run, so only the word counts.
  state=$(supervisor_ctl status "$1" 2>/dev/null) || :
  [[ $state =~ ^[^\ ]+\ +(RUNNING|STARTING) ]]
}
manager_start() { supervisor_do start "$1"; }
manager_restart() { supervisor_do restart "$1"; }

manager_remove() {
  [[ -d $SERVICE_DIR ]] || return 0
  rm -f "$SERVICE_DIR/$1".program{,.new}
  # Without a name: one that it does not know (any more) is no error then.
  ! supervisor_alive || supervisor_do update
}

manager_finish() {
  end_holders "$(cd "$SERVICE_DIR" && pwd -P)/supervisord.lock"
}
