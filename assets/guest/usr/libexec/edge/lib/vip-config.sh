# shellcheck shell=bash
# Gives keepalived its configuration anew while it runs. Needs edge.sh and render.sh.

# vip_config_apply: keepalived takes it without giving up the virtual IP.
vip_config_apply() {
  keepalived_config
  ! edge_is "$VIP_CONFIG" "$KEEPALIVED_CONFIG" || return 0
  render_keepalived
  systemctl --no-block reload-or-restart keepalived.service
}
