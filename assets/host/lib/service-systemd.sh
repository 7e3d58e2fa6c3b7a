# shellcheck shell=bash
# service.sh on a host with systemd: one unit edge-lab-NAME per service.

SYSTEMD_DIR=${EDGE_SYSTEMD_DIR:-/etc/systemd/system}

unit_quoted() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//%/%%}"
}

manager_ensure() {
  local unit=$SYSTEMD_DIR/edge-lab-$1.service namespace
  namespace=$(ip netns identify $$)
  {
    cat <<UNIT
[Unit]
Description=Edge Lab: $1
After=network.target
StartLimitIntervalSec=0
[Service]
ExecStart=/usr/bin/env bash $(unit_quoted "$SERVICE_DIR/$1.run")
Restart=always
RestartSec=1
TimeoutStopSec=10
StandardOutput=append:${STATE_DIR//%/%%}/log/$1.log
StandardError=inherit
UNIT
    [[ -z $namespace ]] || echo "NetworkNamespacePath=/run/netns/$namespace"
    printf '[Install]\nWantedBy=multi-user.target\n'
  } >"$unit.new"
  if cmp -s "$unit.new" "$unit"; then
    rm "$unit.new"
  else
    mv "$unit.new" "$unit"
    # The launcher is unchanged, but what starts it is not.
    rm -f "$SERVICE_DIR/$1.started"
  fi
  systemctl daemon-reload
  systemctl --quiet enable "edge-lab-$1.service"
}

manager_running() { systemctl --quiet is-active "edge-lab-$1.service"; }
manager_start() { systemctl start "edge-lab-$1.service"; }
manager_stop() { systemctl stop "edge-lab-$1.service"; }
manager_restart() { systemctl restart "edge-lab-$1.service"; }

manager_remove() {
  local unit=edge-lab-$1.service
  [[ -e $SYSTEMD_DIR/$unit ]] || return 0
  systemctl --quiet disable --now "$unit"
  rm -f "$SYSTEMD_DIR/$unit" "$SYSTEMD_DIR/$unit.new"
  systemctl daemon-reload
  # A failed unit stays listed until it is reset.
  systemctl reset-failed "$unit" 2>/dev/null || :
}

manager_finish() { :; }
