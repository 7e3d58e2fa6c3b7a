# shellcheck shell=bash
# Preflight of a host for the osbuild backend. Read-only. Needs preflight.sh, distribution.sh, subscription.sh.

check_platform_osbuild() {
  local here
  here=$(host_distribution)
  [[ $(uname -m) == x86_64 ]] || problem "this machine is $(uname -m)" "the lab's images are built for x86_64: use such a host"
  command -v dnf >/dev/null || problem "there is no dnf on this host" "use a RHEL, CentOS Stream or Fedora host, or builder: debian on Debian or Ubuntu"
  [[ $here == "$1" ]] || problem "this host is $here and the stack is for $1" "use a host of that distribution, for its image builder composes its own only; or set edge-lab:distribution to $here"
}

# check_boot_iso PATH
check_boot_iso() {
  [[ -s $1 && -r $1 ]] || problem "bootIso $1 cannot be read" "download the distribution's boot ISO, and set edge-lab:bootIso to its path"
}

# check_subscription GIVEN: yes if the stack has one
check_subscription() {
  local found
  needs_subscription || return 0
  command -v subscription-manager >/dev/null || {
    problem "there is no subscription-manager on this RHEL host" "install it"
    return 0
  }
  if registered; then
    found=$(subscription_problem)
    [[ -z $found ]] || problem "the host's subscription: $found" "renew it, then run: subscription-manager refresh"
  else
    [[ $1 == yes ]] || problem "this host is not registered" "register it, or run: pulumi config set --path edge-lab:subscription.organization NUMBER; pulumi config set --secret --path edge-lab:subscription.activationKey"
  fi
}

# check_virtualization: libvirt's own checks of the host. Without KVM guests are emulated: slow, but no fault.
check_virtualization() {
  command -v virt-host-validate >/dev/null || return 0
  local line
  while IFS= read -r line; do
    case $line in
      *'hardware virtualization'* | *'/dev/kvm'*) printf 'preflight: %s: guests will be emulated\n' "${line#*QEMU: }" >&2 ;;
      *) problem "virt-host-validate: ${line#*QEMU: }" "do what it says, and run it again: virt-host-validate qemu" ;;
    esac
  done < <(virt-host-validate qemu 2>&1 | sed -E 's/\x1b\[[0-9;]*m//g; s/ +/ /g' | grep -E ': FAIL\b')
}
