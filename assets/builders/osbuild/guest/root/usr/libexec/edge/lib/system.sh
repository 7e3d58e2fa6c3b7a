# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is for whoever sources edge.sh
# What is specific to this system: RHEL, CentOS Stream and Fedora, with rpm-ostree, the greenboot package,
# NetworkManager, firewalld and SELinux. Debian's file has the same names, see assets/guest.

GRUBENV=$ROOT/boot/grub2/grubenv
# Below /run/keepalived* and /usr/libexec/keepalived SELinux's policy (keepalived.fc) lets keepalived read its
# configuration and run its hooks unconfined; elsewhere it may do neither.
VIP_CONFIG=$ROOT/run/keepalived-edge/keepalived.conf
VIP_HOOKS=/usr/libexec/keepalived
SSH_UNIT=sshd.service
# Units that must be up on a healthy device.
SYSTEM_UNITS=(edge-provision.service NetworkManager.service firewalld.service "$SSH_UNIT"
  keepalived.service user@1000.service)

# GRUB's own script subtracts (grub2/08_greenboot.cfg of greenboot): any number will do.
GREENBOOT_MOST_ATTEMPTS=1000

# system_deploy: stages what was pulled, from the cache alone; an earlier release is a valid target too.
system_deploy() { attempt "rpm-ostree upgrade" rpm-ostree upgrade --cache-only --allow-downgrade; }

system_undeploy() { attempt "rpm-ostree cleanup" rpm-ostree cleanup --pending; }

# system_versions: the image builder gives every commit the distribution's version; each deployment's tree has its own
system_versions() {
  local text="" index commit version role file
  while IFS=$'\t' read -r index commit version role; do
    for file in "$ROOT"/ostree/deploy/*/deploy/"$commit".*/usr/lib/edge/release; do
      edge_read version "$file" "$version"
    done
    text+="$index"$'\t'"$commit"$'\t'"$version"$'\t'"$role"$'\n'
  done <<<"$DEPLOYMENTS"
  DEPLOYMENTS=${text%$'\n'}
}
