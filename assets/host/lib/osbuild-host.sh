# shellcheck shell=bash
# What the image builder and its web console need of a host: sockets, a group, open ports; destroy puts back what
# was not so before. Needs log.sh, paths.sh, result.sh.

OSBUILD_NOTES=$STATE_DIR/host/osbuild
OSBUILD_UNITS=(osbuild-composer.socket cockpit.socket)
# Beside those of the lab: the web console.
OSBUILD_PORTS=(9090/tcp)

# note_change WHAT: written down before it is changed, for a run may be killed at any moment
note_change() {
  mkdir -p "${OSBUILD_NOTES%/*}"
  grep -qxF "$1" "$OSBUILD_NOTES" 2>/dev/null || echo "$1" >>"$OSBUILD_NOTES"
}

start_units() {
  local unit
  for unit in "${OSBUILD_UNITS[@]}"; do
    systemctl --quiet is-active "$unit" && systemctl --quiet is-enabled "$unit" && continue
    systemctl --quiet is-enabled "$unit" || note_change "unit $unit"
    run_logged osbuild-host systemctl enable --now "$unit" ||
      die "$unit does not start; fix: see systemctl status $unit, and journalctl -u ${unit%.socket}"
  done
}

# Whoever called may then use composer-cli without sudo.
join_group() {
  local user=${SUDO_USER:-}
  [[ -n $user && $user != root ]] && getent group weldr >/dev/null || return 0
  [[ " $(id -nG "$user") " != *" weldr "* ]] || return 0
  note_change "group $user"
  usermod --append --groups weldr "$user"
}

# The zones that requests come from: the host's own network, and the guests', which libvirt puts into a zone of its
# own that lets in little but DHCP, DNS and ssh.
firewall_zones() {
  firewall-cmd --get-default-zone
  firewall-cmd --get-zones | tr ' ' '\n' | grep -x libvirt || [[ $? == 1 ]]
}

open_ports() {
  command -v firewall-cmd >/dev/null && firewall-cmd --quiet --state || return 0
  local port zone zones ports
  read -ra ports <<<"${EDGE_PORTS:-8000 5000}"
  ports=("${ports[@]/%//tcp}" "${OSBUILD_PORTS[@]}")
  mapfile -t zones < <(firewall_zones | sort -u)
  for zone in "${zones[@]}"; do
    for port in "${ports[@]}"; do
      ! firewall-cmd --quiet --permanent --zone="$zone" --query-port="$port" || continue
      note_change "port $zone $port"
      firewall-cmd --quiet --permanent --zone="$zone" --add-port="$port"
      firewall-cmd --quiet --zone="$zone" --add-port="$port"
    done
  done
}

osbuild_host_apply() {
  start_units
  join_group
  open_ports
}

# The image builder keeps what was pushed; the lab's own goes with it.
forget_content() {
  local name
  command -v composer-cli >/dev/null && composer-cli status show >/dev/null 2>&1 || return 0
  for name in "$STATE_DIR"/blueprints/*.toml; do
    [[ -e $name ]] || continue
    name=${name##*/}
    composer-cli blueprints delete "${name%.toml}" >/dev/null || say osbuild "blueprint ${name%.toml} stays on the image builder"
  done
  ! composer-cli sources list | grep -qx edge-lab || composer-cli sources delete edge-lab >/dev/null
}

osbuild_host_destroy() {
  forget_content
  [[ -e $OSBUILD_NOTES ]] || return 0
  local kind one two
  while read -r kind one two; do
    case $kind in
      unit) systemctl --quiet disable --now "$one" ;;
      group) gpasswd --delete "$one" weldr >/dev/null ;;
      port)
        firewall-cmd --quiet --state || {
          say osbuild "firewalld does not run: port $two stays open in its zone $one"
          continue
        }
        firewall-cmd --quiet --permanent --zone="$one" --remove-port="$two"
        firewall-cmd --quiet --zone="$one" --remove-port="$two"
        ;;
    esac
  done <"$OSBUILD_NOTES"
  rm -f "$OSBUILD_NOTES"
}
