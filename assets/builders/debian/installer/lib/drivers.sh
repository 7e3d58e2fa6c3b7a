# shellcheck shell=dash
# Drivers: without udev, each device's modalias says which module it needs.

drivers_load() {
  # Twice: a bus that appears in the first round has devices of its own.
  for round in 1 2; do
    find /sys/devices -name modalias -exec cat {} + | sort -u | xargs /usr/sbin/modprobe -a -b -q || :
  done
  /usr/sbin/modprobe -a -q sd_mod vfat nls_cp437 nls_ascii || :
}
