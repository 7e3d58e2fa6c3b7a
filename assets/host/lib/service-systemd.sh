# shellcheck shell=bash
# service.sh on a host with systemd: one unit edge-lab-NAME per service; if another lab has that, edge-lab-ID-NAME.

SYSTEMD_DIR=${EDGE_SYSTEMD_DIR:-/etc/systemd/system}

# shellcheck source=bounded-log.sh
. "$service_lib/bounded-log.sh"

# manager_launcher NAME: lines of its launcher. The unit appends to a log that only grows.
manager_launcher() {
  declare -f bounded_log
  echo "exec > >(bounded_log ../log/$1.log) 2>&1"
}

# What the launcher may do until bwrap has made the sandbox and the program is another user (service-sandbox.sh): mounts,
# in folders of any owner, the service's firewall rule, and the end of what a killed launcher left. Nothing that bwrap
# does is forbidden here, so the sandbox is the same under both managers; these directives are a second fence around it.
unit_fence() {
  cat <<'UNIT'
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_SYS_CHROOT CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_KILL CAP_SYS_PTRACE CAP_SYS_RESOURCE CAP_NET_ADMIN
ProtectSystem=full
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
UNIT
}

unit_quoted() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//%/%%}"
}

# unit_path TEXT: escaped for a path in a unit
unit_path() { printf %s "${1//%/%%}"; }

# unit_is_ours FILE NAME: does its log lie in this state directory?
unit_is_ours() { grep -qxF "StandardOutput=append:$(unit_path "$STATE_DIR")/log/$2.log" "$1"; }

# unit_of NAME: name of this lab's unit, existing or future
unit_of() {
  local plain=edge-lab-$1.service own
  own=edge-lab-$(owner_id)-$1.service
  if [[ -e $SYSTEMD_DIR/$own ]]; then
    echo "$own"
  elif [[ ! -e $SYSTEMD_DIR/$plain ]] || unit_is_ours "$SYSTEMD_DIR/$plain" "$1"; then
    echo "$plain"
  else
    echo "$own"
  fi
}

manager_ensure() {
  local unit namespace
  # Another lab may choose a name at the same moment.
  exec 6<"$SYSTEMD_DIR"
  flock -w 60 6 || die "another run holds $SYSTEMD_DIR"
  unit=$SYSTEMD_DIR/$(unit_of "$1")
  namespace=$(ip netns identify $$)
  {
    cat <<UNIT
[Unit]
Description=Edge Lab: $1
After=network.target
StartLimitIntervalSec=0
X-EdgeLab-Stack=$(owner_stack)
X-EdgeLab-StateDirectory=$(unit_path "$STATE_DIR")
[Service]
ExecStart=/usr/bin/env bash $(unit_quoted "$SERVICE_DIR/$1.run")
Restart=always
RestartSec=1
TimeoutStopSec=10
StandardOutput=append:$(unit_path "$STATE_DIR")/log/$1.log
StandardError=inherit
UNIT
    unit_fence
    [[ -z $namespace ]] || echo "NetworkNamespacePath=/run/netns/$namespace"
    printf '[Install]\nWantedBy=multi-user.target\n'
  } >"$unit.new"
  # Drop-ins from systemctl edit do not belong to the unit.
  if [[ -e $unit.d ]]; then
    rm -rf "$unit.d"
    rm -f "$SERVICE_DIR/$1.started"
  fi
  if cmp -s "$unit.new" "$unit"; then
    rm "$unit.new"
  else
    mv "$unit.new" "$unit"
    # The launcher is unchanged, but what starts it is not.
    rm -f "$SERVICE_DIR/$1.started"
  fi
  exec 6<&-
  systemctl daemon-reload
  systemctl --quiet enable "${unit##*/}"
}

manager_running() { systemctl --quiet is-active "$(unit_of "$1")"; }
manager_start() { systemctl start "$(unit_of "$1")"; }
manager_stop() { systemctl stop "$(unit_of "$1")"; }
manager_restart() { systemctl restart "$(unit_of "$1")"; }

manager_remove() {
  local unit
  unit=$(unit_of "$1")
  [[ -e $SYSTEMD_DIR/$unit ]] || return 0
  systemctl --quiet disable --now "$unit"
  rm -f "$SYSTEMD_DIR/$unit" "$SYSTEMD_DIR/$unit.new"
  systemctl daemon-reload
  # A failed unit stays listed until it is reset.
  systemctl reset-failed "$unit" 2>/dev/null || :
}

manager_files() { echo "$SYSTEMD_DIR/$(unit_of "$1")"; }

manager_drift() {
  tools systemctl timeout || return 0
  local unit line LoadState='' ActiveState='' SubState='' UnitFileState='' NeedDaemonReload=''
  unit=$(unit_of "$1")
  while IFS= read -r line; do
    [[ $line != *=* ]] || printf -v "${line%%=*}" %s "${line#*=}"
  done < <(LC_ALL=C timeout 2 systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload "$unit" 2>/dev/null)
  [[ ! -e $SYSTEMD_DIR/$unit.d ]] || drift "the unit $unit was changed (systemctl edit)"
  case $LoadState in
    '') drift "systemd does not answer" && return ;;
    loaded) ;;
    *) drift "the unit $unit is $LoadState" && return ;;
  esac
  [[ $ActiveState == active ]] || drift "the service $1 does not run: $ActiveState, $SubState"
  [[ $UnitFileState == enabled ]] || drift "the unit $unit is ${UnitFileState:-gone} and would not start with the host"
  [[ $NeedDaemonReload != yes ]] || drift "systemd has the unit $unit as it was before a change"
}

manager_finish() { :; }
