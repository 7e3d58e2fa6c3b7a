#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR/../../../../libexec/edge/lib
# With GREENBOOT_WATCHDOG_CHECK_ENABLED=true: the boot before this one was not ended by the hardware watchdog within
# GREENBOOT_WATCHDOG_GRACE_PERIOD hours after the update. Stands in for the check of this name of greenboot's package
# greenboot-default-health-checks.
set -euo pipefail
lib=${EDGE_ROOT:-}/usr/libexec/edge/lib
. "$lib/edge.sh"
. "$lib/deployments.sh"
. "$lib/grubenv.sh"
. "$lib/boot-end.sh"
. "$lib/greenboot-config.sh"

# linux/watchdog.h: the last reboot was the watchdog's.
WDIOF_CARDRESET=0x20

main() {
  local status hours file staged=0
  edge_load_env
  greenboot_config
  if [[ $GREENBOOT_WATCHDOG_CHECK_ENABLED != true ]]; then
    echo "Watchdog check is disabled"
    return 0
  fi
  edge_read status "$ROOT/sys/class/watchdog/watchdog0/bootstatus"
  if [[ ! $status =~ ^[0-9]+$ ]]; then
    echo "No watchdog on the system, skipping check"
    return 0
  fi
  # The boot loader of this image has seen the hardware's flag first, and cleared it (grub.cfg).
  read_boot_end # sets BOOT_END
  # shellcheck disable=SC2153
  [[ $BOOT_END != w ]] || status=$WDIOF_CARDRESET
  read_booted
  # A deployment's origin file is written when it is made.
  for file in "$ROOT/ostree/deploy/"*"/deploy/$BOOTED_COMMIT".*.origin; do
    [[ ! -e $file ]] || staged=$(stat --format=%Y -- "$file")
  done
  hours=$(((EPOCHSECONDS - staged) / 3600))
  if ((status & WDIOF_CARDRESET)) && ((hours < GREENBOOT_WATCHDOG_GRACE_PERIOD)); then
    echo "Watchdog triggered after recent update"
    return 1
  fi
}

main "$@"
