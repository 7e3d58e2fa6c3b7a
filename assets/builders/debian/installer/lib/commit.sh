# shellcheck shell=dash
# The commit: pulls it from the content server into the new system's repository and deploys it.

commit_pull() {
  need_ok "ostree admin init-fs" ostree admin init-fs --modern /target
  repo=/target/ostree/repo
  need_ok "ostree config" ostree config --repo=$repo set sysroot.readonly true
  # One sync at the end is enough: before that there is nothing to lose.
  need_ok "ostree config" ostree config --repo=$repo set core.fsync false
  need_ok "ostree admin os-init" ostree admin os-init --sysroot=/target "$KS_ostreesetup_osname"
  REMOTE=${KS_ostreesetup_remote:-$KS_ostreesetup_osname}
  # Without --nogpg a commit needs a signature by a key that %pre has put where libostree looks for trusted ones.
  verify=--set=gpg-verify=true
  [ -z "${KS_ostreesetup_nogpg:-}" ] || verify=--no-gpg-verify
  need_ok "ostree remote add" ostree remote add --repo=$repo "$verify" "$REMOTE" "$KS_ostreesetup_url"
  step "pulling $KS_ostreesetup_ref"
  inodes=$(free_inodes) received=$(received_bytes)
  ostree pull --repo=$repo "$REMOTE" "$KS_ostreesetup_ref" >>"$LOG" 2>&1 &
  pull=$! seconds=0
  while kill -0 $pull 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    [ $((seconds % 2)) -ne 0 ] || commit_progress pulling
  done
  wait $pull || failed "ostree pull of $KS_ostreesetup_ref from $KS_ostreesetup_url"
  commit_progress pulled
}

# File count from the file system's statistics: that is free, listing thousands of objects is not.
free_inodes() { stat -f -c %d /target; }
received_bytes() { cat "/sys/class/net/$NIC/statistics/rx_bytes"; }

commit_progress() {
  step "$1: $((inodes - $(free_inodes))) files, $((($(received_bytes) - received) / 1048576)) MB received"
}

commit_deploy() {
  set -- --karg=root=LABEL=root --karg=rw
  for argument in ${KS_bootloader_append:-}; do set -- "$@" "--karg-append=$argument"; done
  # Not named grub-mkconfig: libostree would run that in a chroot without /target.
  OSTREE_GRUB2_EXEC=/installer/grub-gen need_ok "ostree admin deploy" ostree admin deploy --sysroot=/target \
    --os="$KS_ostreesetup_osname" "$@" "$REMOTE:$KS_ostreesetup_ref"
  quiet sed -i '/^fsync=/d' /target/ostree/repo/config
  for DEPLOYMENT in "/target/ostree/deploy/$KS_ostreesetup_osname/deploy/"*.0; do :; done
  deployment_open
  step "deployed ${DEPLOYMENT##*/}"
}

# deployment_open: mounts the new system as its own scripts expect it
deployment_open() {
  printf '%s\n' 'LABEL=boot /boot ext4 defaults,nosuid,nodev 0 2' \
    'LABEL=ESP /boot/efi vfat umask=0077,nofail,noauto 0 0' >"$DEPLOYMENT/etc/fstab"
  mount --bind "$DEPLOYMENT" "$DEPLOYMENT"
  mount --bind "/target/ostree/deploy/$KS_ostreesetup_osname/var" "$DEPLOYMENT/var"
  mount --bind /target/boot "$DEPLOYMENT/boot"
  for dir in proc sys dev; do mount --bind "/$dir" "$DEPLOYMENT/$dir"; done
  mount -t tmpfs tmpfs "$DEPLOYMENT/run"
  # tmpfiles makes these at the first boot; scripts may need them now.
  mkdir -p "$DEPLOYMENT"/var/home "$DEPLOYMENT"/var/lib "$DEPLOYMENT"/var/tmp
  [ -z "$KS_TIMEZONE" ] || ln -sfn "../usr/share/zoneinfo/$KS_TIMEZONE" "$DEPLOYMENT/etc/localtime"
  [ -z "${KS_network_hostname:-}" ] || echo "$KS_network_hostname" >"$DEPLOYMENT/etc/hostname"
}
