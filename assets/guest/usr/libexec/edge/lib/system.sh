# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is for whoever sources edge.sh
# What is specific to this system. This file is Debian's, where libostree stands alone; guests of the osbuild
# backend have another file with this name and the same functions and variables.

GRUBENV=$ROOT/boot/grub/grubenv
VIP_CONFIG=$RUN/keepalived.conf
VIP_HOOKS=/usr/libexec/edge
SSH_UNIT=ssh.service
# Units that must be up on a healthy device.
SYSTEM_UNITS=(edge-provision.service systemd-networkd.service nftables.service "$SSH_UNIT"
  keepalived.service user@1000.service)

# system_deploy: stages what was pulled. Not `upgrade`: a return to an earlier release is an ordinary deployment.
system_deploy() { attempt "ostree admin deploy" ostree admin deploy --stage --os=edge "edge:$EDGE_REF"; }

system_undeploy() { attempt "ostree admin undeploy" ostree admin undeploy 0; }

# system_versions: libostree knows the versions of DEPLOYMENTS: the commits' own
system_versions() { :; }
