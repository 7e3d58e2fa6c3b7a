# shellcheck shell=bash
# How long a boot takes on this device, and how fast its host is now: every deadline follows from that. An emulated
# device, or one on a busy host, needs ten times as long as another; that is no failure of its release. Needs edge.sh;
# what concerns the boot loader, grubenv.sh.

# Kept by every good boot:
# from the boot loader's menu to the system's own start, seconds
LOADER_TIME=$STATE/loader-seconds
# from the kernel's start to the verdict, seconds
GREEN_TIME=$STATE/green-uptime
# turns of a loop in a fifth of a second
HOST_SPEED=$STATE/host-speed

# A boot's parts may take this many times as long as in the last good boot.
MARGIN=4
# Shortest and longest time that the boot loader's watchdog gives a kernel, seconds: both of its stages hold at most
# 2^20 ticks of 1/1024 s.
WATCHDOG_SHORTEST=180
WATCHDOG_LONGEST=1000
# That of an attempt after one that was ended without a verdict.
WATCHDOG_AGAIN_LONGEST=2000
# How much slower than in the last good boot the host can be said to be.
PATIENCE_MOST=8

# Sets SPEED: turns of a loop in a fifth of a second. Under emulation on a busy host there is no other sign of how much
# of the processor the device gets: the host does not account its absence as stolen time.
measure_speed() {
  local i start now end
  SPEED=0
  start=${EPOCHREALTIME/[.,]/}
  end=$((start + 200000)) now=$start
  while ((now >= start && now < end)); do
    for ((i = 0; i < 100; i++)); do :; done
    SPEED=$((SPEED + 1))
    now=${EPOCHREALTIME/[.,]/}
  done
}

# Sets PATIENCE: how many times slower than in the last good boot the host is now, 1 to PATIENCE_MOST.
measure_patience() {
  local usual
  edge_number usual "$HOST_SPEED" 0
  measure_speed
  PATIENCE=1
  ((usual == 0 || SPEED == 0)) || PATIENCE=$(((usual + SPEED - 1) / SPEED))
  ((PATIENCE <= PATIENCE_MOST)) || PATIENCE=$PATIENCE_MOST
}

# patient_wait SECONDS PAUSE COMMAND...: edge_wait, and on a host that is slower than usual as many times as long.
patient_wait() {
  ! edge_wait "$@" || return 0
  measure_patience
  ((PATIENCE > 1)) || return 1
  edge_log 5 "the host is $PATIENCE times slower than usual: it gets that much more time"
  edge_wait $(($1 * (PATIENCE - 1))) "${@:2}"
}

# Sets LOADER_SECONDS: from the boot loader's menu to systemd's start; empty if it cannot be said. Both ends are by the
# same clock, the machine's own, which nobody has set meanwhile; a clock that was set makes no sense here.
measure_loader() {
  local began now start hours minutes seconds
  LOADER_SECONDS=""
  grubenv_value began boot_began '[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}'
  edge_number now "$ROOT/sys/class/rtc/rtc0/since_epoch" 0
  [[ -n $began && $now != 0 ]] || return 0
  start=$(systemctl show --property=UserspaceTimestampMonotonic --value) || return 0
  [[ $start =~ ^[0-9]+$ ]] || return 0
  IFS=: read -r hours minutes seconds <<<"$began"
  edge_uptime
  began=$((10#$hours * 3600 + 10#$minutes * 60 + 10#$seconds))
  seconds=$(((now - UPTIME + start / 1000000 - began) % 86400))
  ((seconds >= 0)) || seconds=$((seconds + 86400))
  # A boot that came this far was not cut by the longest watchdog.
  ((seconds > WATCHDOG_AGAIN_LONGEST)) || LOADER_SECONDS=$seconds
}

# keep_boot_time: what this good boot took. Shorter times than before count slowly: the next boot may meet a busy host.
keep_boot_time() {
  local before
  edge_uptime
  edge_keep "$GREEN_TIME" "$UPTIME"
  measure_speed
  edge_keep "$HOST_SPEED" "$SPEED"
  measure_loader
  [[ -n $LOADER_SECONDS ]] || return 0
  edge_number before "$LOADER_TIME" 0
  before=$((before * 3 / 4))
  edge_keep "$LOADER_TIME" $((LOADER_SECONDS > before ? LOADER_SECONDS : before))
}

# Sets WATCHDOG_SECONDS and WATCHDOG_AGAIN_SECONDS: how long the boot loader's watchdog waits for the system in the
# first attempt, and in one after an attempt that gave no verdict.
watchdog_times() {
  local loader
  edge_number loader "$LOADER_TIME" 0
  measure_patience
  WATCHDOG_SECONDS=$((loader * MARGIN * PATIENCE))
  # Not measured yet: no watchdog is better than one that cuts good boots, so it gets the most.
  ((loader > 0)) || WATCHDOG_SECONDS=$WATCHDOG_LONGEST
  ((WATCHDOG_SECONDS >= WATCHDOG_SHORTEST)) || WATCHDOG_SECONDS=$WATCHDOG_SHORTEST
  ((WATCHDOG_SECONDS <= WATCHDOG_LONGEST)) || WATCHDOG_SECONDS=$WATCHDOG_LONGEST
  WATCHDOG_AGAIN_SECONDS=$((WATCHDOG_SECONDS * 2))
}

# boot_deadline SHORTEST: sets DEADLINE, seconds from the kernel's start until which this boot must have a verdict.
boot_deadline() {
  local usual ends
  edge_number usual "$GREEN_TIME" 0
  DEADLINE=$((usual * MARGIN))
  ((usual > 0)) || DEADLINE=${EDGE_BOOT_DEADLINE:?}
  ((DEADLINE >= $1)) || DEADLINE=$1
  measure_patience
  DEADLINE=$((DEADLINE * PATIENCE))
  # An attempt after one that only the watchdog ended gets twice the time.
  grubenv_value ends boot_ends '[wrp?]+'
  [[ $ends != *w* ]] || DEADLINE=$((DEADLINE * 2))
}
