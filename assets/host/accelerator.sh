#!/usr/bin/env bash
# Chooses how guests run: kvm if it boots the guest's own kernel, else tcg (software emulation). Also counts the cores
# that they share.
# The presence of /dev/kvm proves nothing: under some nested hypervisors a kernel hangs in it forever.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
: "${EDGE_ACCELERATOR:?auto, kvm or tcg}"

# A kernel under KVM needs 1 to 2 s until it looks for its root file system.
BOOT_SECONDS=12

# RHEL has QEMU under another name, off the PATH.
qemu() { command -v qemu-system-x86_64 || echo /usr/libexec/qemu-kvm; }

kernel_boots() {
  local dir=$1 kernel path
  for path in /boot/vmlinuz /images/pxeboot/vmlinuz; do
    kernel=$dir/vmlinuz
    xorriso -osirrox on -indev "$EDGE_BOOT_ISO" -extract "$path" "$kernel" >"$dir/xorriso.log" 2>&1 && break
  done
  [[ -s $kernel ]] || die "no kernel on $EDGE_BOOT_ISO; see $dir/xorriso.log"
  timeout -k 2 "$BOOT_SECONDS" "$(qemu)" -machine q35 -accel kvm -cpu host -m 512 -nodefaults -display none \
    -no-reboot -serial "file:$dir/console" -kernel "$kernel" -append "console=ttyS0 panic=-1" </dev/null >"$dir/qemu.log" 2>&1 || return 1
  # Without a root device a booted kernel panics, and panic=-1 with -no-reboot ends QEMU.
  grep -q 'Unable to mount root fs' "$dir/console"
}

apply() {
  local chosen=$EDGE_ACCELERATOR reason="set in the stack" dir=$STATE_DIR/run/accelerator cores
  if [[ $chosen != tcg ]]; then
    : "${EDGE_BOOT_ISO:?path of an ISO with the guest kernel}"
    mkdir -p "$dir"
    rm -f "$dir"/*
    if [[ $(kvm_device) == false ]]; then
      reason="there is no /dev/kvm"
      chosen=tcg
    else
      say accelerator "booting the guest kernel under KVM, at most $BOOT_SECONDS s"
      if kernel_boots "$dir"; then
        reason="the guest kernel boots under KVM"
        chosen=kvm
      else
        reason="/dev/kvm is there but the guest kernel does not boot in it within $BOOT_SECONDS s"
        chosen=tcg
      fi
    fi
    if [[ $EDGE_ACCELERATOR == kvm && $chosen == tcg ]]; then
      die "accelerator: kvm: $reason; rule: KVM boots the guest kernel; fix: accelerator: auto or tcg, or enable virtualisation for this host"
    fi
  fi
  mkdir -p "$dir"
  cores=$(host_cores)
  kvm_device >"$dir/kvm-device"
  echo "$cores" >"$dir/cores"
  say accelerator "$chosen: $reason; $cores cores"
  result --arg accelerator "$chosen" --arg reason "$reason" --argjson cores "$cores"
}

destroy() { rm -rf "$STATE_DIR/run/accelerator"; }

# kvm_device: true or false. EDGE_KVM_DEVICE lets tests leave /dev alone.
kvm_device() { if [[ -c ${EDGE_KVM_DEVICE:-/dev/kvm} ]]; then echo true; else echo false; fi; }

# host_cores: those that are online, whichever of them this process may use. EDGE_CPUINFO lets tests have others.
host_cores() {
  local line cores=0
  while IFS= read -r line; do
    [[ $line != processor[[:space:]]* ]] || cores=$((cores + 1))
  done <"${EDGE_CPUINFO:-/proc/cpuinfo}"
  echo "$cores"
}

# The result is valid only while /dev/kvm stays present or absent as it was, and the host has as many cores.
status() {
  local kvm probed cores counted
  kvm=$(kvm_device)
  if [[ $EDGE_ACCELERATOR != tcg ]] && read_line probed "$STATE_DIR/run/accelerator/kvm-device" && [[ $probed != "$kvm" ]]; then
    if [[ $kvm == true ]]; then drift "/dev/kvm has appeared since guests were set to emulation"; else drift "/dev/kvm has vanished"; fi
  fi
  cores=$(host_cores)
  # lib/accelerator.ts reads the number from this text.
  if read_line counted "$STATE_DIR/run/accelerator/cores" && [[ $counted != "$cores" ]]; then
    drift "the host has $cores cores instead of $counted"
  fi
  status_result kvm "$kvm"
}

run_verb "$@"
