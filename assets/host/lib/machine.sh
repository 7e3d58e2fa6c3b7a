# shellcheck shell=bash
# The domain of a device, as its enrolment finds it: is it there, is it the one that the lab made, is it plugged in?
# Needs log.sh, wait.sh, owner.sh; the EDGE_ variables of enrol.sh.

# Does a machine with this name exist? Then this is a repair, which keeps its log and reports.
machine_there() {
  [[ -n ${EDGE_LIBVIRT_URI:-} && -n $(timeout 60 virsh -q -c "$EDGE_LIBVIRT_URI" domstate "$EDGE_DEVICE" 2>/dev/null) ]]
}

# taps: names of interfaces of this host that may be the running device's: libvirt gives them the device's MAC address
# with the first byte fe. One in another bridge is another lab's.
taps() {
  local file
  for file in /sys/class/net/*/address; do
    [[ -r $file && $(<"$file") == "fe${EDGE_MAC:2}" && ! -e ${file%/address}/master ]] || continue
    basename "${file%/address}"
  done
}

# unplugged: the interface of this device that is in no bridge
unplugged() {
  local interface
  [[ -n ${EDGE_BRIDGE:-} && -n ${EDGE_MAC:-} && -d /sys/class/net/$EDGE_BRIDGE ]] || return 1
  EDGE_MAC=${EDGE_MAC,,}
  interface=$(taps | head -n 1)
  [[ -n $interface ]] && echo "$interface"
}

# port_forwards INTERFACE: a new port listens and learns for some seconds before it forwards (state 3)
port_forwards() { [[ $(cat "/sys/class/net/$1/brport/state" 2>/dev/null) == 3 ]]; }

# plug_in: a recreated bridge lacks the interfaces of running devices
plug_in() {
  local interface
  interface=$(unplugged) || return 0
  owner_virsh domiflist "$EDGE_DEVICE" 2>/dev/null | grep "^ *$interface " >/dev/null || return 0
  say enrol "$EDGE_DEVICE is plugged into $EDGE_BRIDGE again"
  ip link set dev "$interface" master "$EDGE_BRIDGE" up
  wait_until 40 port_forwards "$interface" || die "$interface does not forward 40 s after it was plugged into $EDGE_BRIDGE"
}

# remove_other_machine: a domain of this name that the stack did not make, and that the finding names by its UUID: the
# stack's own takes its place
remove_other_machine() {
  local uuid
  uuid=$(owner_virsh domuuid "$EDGE_DEVICE" 2>/dev/null) || return 0
  [[ -n $uuid && ${EDGE_DRIFT:-} == *"$uuid"* ]] || return 0
  owns domain "$(object_xml domain "$EDGE_DEVICE")" ||
    die "a domain $EDGE_DEVICE that is not this lab's has taken the place of the lab's own; fix: rename it (virsh domrename), or virsh undefine $EDGE_DEVICE"
  say enrol "the domain $EDGE_DEVICE is not the one that the lab made: it is removed, the disk stays"
  end_object domain "$EDGE_DEVICE"
}

# switch_off_former: a device that this lab gave the MAC address before, and that a later step of the same run removes
# or makes anew: two machines with one address would take each other's answers
switch_off_former() {
  local name
  [[ -n ${EDGE_MAC:-} ]] || return 0
  while read -r name; do
    [[ -n $name && $name != "$EDGE_DEVICE" ]] || continue
    owns domain "$(object_xml domain "$name")" || continue
    owner_virsh domiflist "$name" | awk -v mac="${EDGE_MAC,,}" 'tolower($5) == mac {found = 1} END {exit !found}' || continue
    say enrol "$name has the MAC address that is now $EDGE_DEVICE's: it is switched off"
    owner_virsh destroy "$name" >/dev/null
  done < <(virsh_list domain)
}
