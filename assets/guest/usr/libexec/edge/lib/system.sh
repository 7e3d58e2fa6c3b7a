# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is for whoever sources edge.sh
# What this system does in its own way. This file is Debian's, where libostree stands alone; guests of the osbuild
# backend have another one under this name, with the same names in it.

GRUBENV=$ROOT/boot/grub/grubenv
VIP_CONFIG=$RUN/keepalived.conf
VIP_HOOKS=/usr/libexec/edge
# What must be up for this to be a healthy device.
SYSTEM_UNITS=(edge-provision.service systemd-networkd.service nftables.service ssh.service
  keepalived.service user@1000.service)

# system_deploy: stages what was pulled. Not `upgrade`: going back to an earlier release is a deployment like any other.
system_deploy() { attempt "ostree admin deploy" ostree admin deploy --stage --os=edge "edge:$EDGE_REF"; }

system_undeploy() { attempt "ostree admin undeploy" ostree admin undeploy 0; }

# system_versions: libostree knows the versions of DEPLOYMENTS, they are the commits' own
system_versions() { :; }
