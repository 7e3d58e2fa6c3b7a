# shellcheck shell=bash
# service.sh on a host without systemd: one supervisord, which starts with the first service.
# Its working directory is the services directory and every name is relative to it, so neither a long path
# (sockets: 108 bytes) nor one with spaces is a problem.

# manager_launcher NAME: lines of its launcher; supervisord itself bounds the logs
manager_launcher() { :; }

# supervisor_call METHOD [NAME [true|false]]: XML-RPC through curl: supervisorctl starts a Python for each
# command, which takes a second while guests keep the host busy.
supervisor_call() (
  cd "$SERVICE_DIR" || exit
  local params=''
  [[ -z ${2:-} ]] || params="<param><value><string>$2</string></value></param>"
  [[ -z ${3:-} ]] || params+="<param><value><boolean>$([[ $3 == true ]] && echo 1 || echo 0)</boolean></value></param>"
  curl -sS -m "${SUPERVISOR_SECONDS:-30}" --fail --noproxy '*' --unix-socket supervisor.sock -H 'Content-Type: text/xml' --data-binary \
    "<methodCall><methodName>supervisor.$1</methodName><params>$params</params></methodCall>" http://supervisor/RPC2
)

# supervisor_do EXPECTED METHOD [ARGS...]: the fault EXPECTED means that it is already done
supervisor_do() {
  local expected=$1 answer
  shift
  answer=$(supervisor_call "$@") || return
  [[ ! $answer =~ \<string\>([A-Z_]+)(:\ [^\<]*)?\</string\> || $answer != *'<fault>'* ]] ||
    [[ ${BASH_REMATCH[1]} == "$expected" ]] || {
    echo "error: supervisord: $*: ${BASH_REMATCH[1]}${BASH_REMATCH[2]}" >&2
    return 1
  }
}

# Alive, answering, and in this network namespace
supervisor_alive() {
  [[ $(supervisor_call getPID 2>/dev/null) =~ \<int\>([0-9]+)\< ]] &&
    [[ /proc/${BASH_REMATCH[1]}/ns/net -ef /proc/self/ns/net ]]
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
  # A killed one leaves its files; one that hangs or serves another namespace must end first.
  end_holders "$(pwd -P)/supervisord.lock"
  rm -f supervisor.sock* supervisord.pid
  # Descriptor 4 stays open in supervisord (it closes from 5 up) but not in its children. It is open before
  # there is a process that a SIGKILL of this one leaves behind. Close everything else: no lock, pipe or
  # terminal of the caller may live on in a daemon.
  exec 4>>supervisord.lock
  flock -n 4 || exit
  # shellcheck disable=SC2016 # expands in the new shell
  setsid env -i PATH="$PATH" LANG=C.UTF-8 bash -c '
    for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd < 3 || fd == 4)) || eval "exec $fd>&-"; done
    exec supervisord -c supervisord.conf' </dev/null >../log/supervisord.start.log 2>&1 || {
    cat ../log/supervisord.start.log >&2
    return 1
  }
)

supervisor_program() {
  cat <<CONF
[program:$1]
command=/usr/bin/env bash ./$1.run
autorestart=true
startsecs=1
startretries=100
stopwaitsecs=10
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile=../log/$1.log
stdout_logfile_maxbytes=4MB
stdout_logfile_backups=1
CONF
}

manager_ensure() {
  local program=$SERVICE_DIR/$1.program
  # A running supervisord reads it again below.
  supervisor_config >"$SERVICE_DIR/supervisord.conf.new"
  mv "$SERVICE_DIR/supervisord.conf.new" "$SERVICE_DIR/supervisord.conf"
  supervisor_program "$1" >"$program.new"
  if ! cmp -s "$program.new" "$program"; then
    # supervisord reads a program's settings only when it adds it.
    ! supervisor_alive || supervisor_forget "$1"
    mv "$program.new" "$program"
  fi
  rm -f "$program.new"
  if ! supervisor_alive; then
    say service "supervisord starts"
    supervisor_start
    wait_until 20 supervisor_alive || die "supervisord does not answer, see $STATE_DIR/log/supervisord.log"
  fi
  supervisor_do '' reloadConfig
  supervisor_do ALREADY_ADDED addProcessGroup "$1"
}

manager_running() {
  [[ $(supervisor_call getProcessInfo "$1" 2>/dev/null) =~ \<string\>(RUNNING|STARTING)\< ]]
}
# supervisord retries a failed start at growing intervals and counts it as started, so stop it first.
manager_start() {
  manager_stop "$1"
  supervisor_do ALREADY_STARTED startProcess "$1" false
}
manager_stop() { supervisor_do NOT_RUNNING stopProcess "$1" true; }
manager_restart() {
  manager_stop "$1"
  manager_start "$1"
}

supervisor_forget() {
  supervisor_do BAD_NAME stopProcessGroup "$1" true
  supervisor_do BAD_NAME removeProcessGroup "$1"
}

manager_remove() {
  [[ -d $SERVICE_DIR ]] || return 0
  rm -f "$SERVICE_DIR/$1".program{,.new}
  ! supervisor_alive || supervisor_forget "$1"
}

manager_files() { printf '%s\n' "$SERVICE_DIR/$1.program" "$SERVICE_DIR/supervisord.conf"; }

# supervisor_processes: a line "NAME STATE PID" for each of its programs; one call for all services
supervisor_processes() {
  [[ -z ${SUPERVISOR_PROCESSES:-} ]] || return 0
  local answer name
  answer=$(SUPERVISOR_SECONDS=2 supervisor_call getAllProcessInfo 2>/dev/null) && [[ $answer == *'<params>'* ]] || return 1
  SUPERVISOR_PROCESSES=$'\n'
  while [[ $answer =~ \<name\>(name|statename|pid)\</name\>[[:space:]]*\<value\>\<(string|int)\>([^\<]*)\< ]]; do
    answer=${answer#*"${BASH_REMATCH[0]}"}
    case ${BASH_REMATCH[1]} in
      name) name=${BASH_REMATCH[3]} ;;
      statename) name+=" ${BASH_REMATCH[3]}" ;;
      pid) SUPERVISOR_PROCESSES+="$name ${BASH_REMATCH[3]}"$'\n' ;;
    esac
  done
}

manager_drift() {
  tools curl || return 0
  if [[ ! -S $SERVICE_DIR/supervisor.sock ]]; then
    drift "the service $1 does not run: its supervisor is not there"
  elif ! supervisor_processes; then
    drift "the service $1 may not run: its supervisor does not answer"
  elif [[ ! $SUPERVISOR_PROCESSES =~ $'\n'"$1 "([A-Z]+)" "([0-9]+)$'\n' ]]; then
    drift "its supervisor does not know the service $1"
  elif [[ ${BASH_REMATCH[1]} != RUNNING && ${BASH_REMATCH[1]} != STARTING ]]; then
    drift "the service $1 does not run: ${BASH_REMATCH[1]}"
  elif [[ ! /proc/${BASH_REMATCH[2]}/ns/net -ef /proc/self/ns/net ]]; then
    drift "the service $1 runs in another network namespace"
  fi
}

manager_finish() {
  end_holders "$(cd "$SERVICE_DIR" && pwd -P)/supervisord.lock"
}
