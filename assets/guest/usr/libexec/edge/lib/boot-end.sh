# shellcheck shell=bash
# How boots ended, as the boot loader saw it at the next one (grub.cfg): w the watchdog reset it, r software restarted it
# (also a kernel panic), p the power was cut, ? no way to tell. Needs edge.sh, grubenv.sh.

# Sets BOOT_END, of the boot before this one; empty if the boot loader keeps no such notes.
read_boot_end() { grubenv_value BOOT_END boot_end '[wrp?]'; }

# Sets BOOT_ENDS, one letter for each attempt at the last new deployment.
read_boot_ends() { grubenv_value BOOT_ENDS boot_ends '[wrp?]+'; }

# only_power_cuts: was no attempt ended by anything but a power cut?
only_power_cuts() { [[ -n $BOOT_ENDS && $BOOT_ENDS != *[!p]* ]]; }

# describe_ends STAGE WATCHDOG_SECONDS: sets END_TEXT and END_CAUSE from BOOT_ENDS: how the attempts ended, of which none
# had a verdict. STAGE is early (before the system's own start) or system. The cause is the last end that was no power
# cut. A restart without a verdict is a panic: the device's own restarts leave one.
describe_ends() {
  local ends=${BOOT_ENDS:-?} end where="before the system had started" text="" i
  [[ $1 == early ]] || where="while the system was starting"
  END_CAUSE=power
  for ((i = 0; i < ${#ends}; i++)); do
    end=${ends:i:1}
    case $end in
      w)
        END_CAUSE=watchdog
        text+=", reset by the watchdog"
        # The boot loader's own watchdog: an attempt after another one had twice the time.
        [[ $1 != early || -z $2 ]] || text+=" after $(($2 * (i > 0 ? 2 : 1))) s"
        ;;
      r) END_CAUSE=panic text+=", kernel panic or restart" ;;
      p) text+=", power cut" ;;
      *) END_CAUSE=unknown text+=", kernel panic, hang or power cut" ;;
    esac
  done
  END_TEXT="${text#, }, $where"
}
