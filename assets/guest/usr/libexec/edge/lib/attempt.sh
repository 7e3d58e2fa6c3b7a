# shellcheck shell=bash
# The reboot into a staged commit, which may end where it began: libostree finalises a staged deployment while the system
# shuts down, when nobody can see it fail. So the device notes what it reboots into, and counts what did not boot.
# Needs edge.sh, deployments.sh, grubenv.sh, boot-end.sh, failed.sh, update-error.sh.

# "COMMIT VERSION TIMES", while one is under way.
ATTEMPT=$STATE/upgrade-attempt
# Why the boot counter could not be armed.
ARM_ERROR=$STATE/arm-error
# libostree's own words, which ostree-boot-complete.service prints and removes (ostree-impl-system-generator.c,
# ostree-sysroot-deploy.c: _OSTREE_FINALIZE_STAGED_FAILURE_PATH).
FINALIZE_ERROR=$ROOT/boot/ostree/finalize-failure.stamp
# After so many the commit counts as failed here.
ATTEMPTS_MOST=3

# Sets ATTEMPT_COMMIT, ATTEMPT_VERSION and ATTEMPT_TIMES: empty and 0 if none is under way.
read_attempt() {
  local text
  ATTEMPT_COMMIT="" ATTEMPT_VERSION="" ATTEMPT_TIMES=0
  edge_read text "$ATTEMPT"
  [[ $text =~ ^([0-9a-f]{64})\ ([^ ]+)\ ([1-9][0-9]{0,3})$ ]] || return 0
  ATTEMPT_COMMIT=${BASH_REMATCH[1]} ATTEMPT_VERSION=${BASH_REMATCH[2]} ATTEMPT_TIMES=${BASH_REMATCH[3]}
}

# attempt_begin COMMIT VERSION: this device reboots into it now.
attempt_begin() {
  read_attempt
  [[ $ATTEMPT_COMMIT == "$1" ]] || ATTEMPT_TIMES=0
  edge_keep "$ATTEMPT" "$1 ${2:--} $((ATTEMPT_TIMES + 1))"
}

attempt_forget() { rm -f "$ATTEMPT" "$ARM_ERROR"; }

# Sets ATTEMPT_ERROR: why the commit was not finalised.
find_attempt_error() {
  ATTEMPT_ERROR="it was staged, but the boot loader never learnt of it"
  if [[ -s $ARM_ERROR ]]; then
    ATTEMPT_ERROR="the boot counter could not be armed: $(tr -d '\0' <"$ARM_ERROR")"
  elif [[ -s $FINALIZE_ERROR ]]; then
    ATTEMPT_ERROR="ostree admin finalize-staged: $(tr -d '\0' <"$FINALIZE_ERROR")"
  fi
  edge_tail ATTEMPT_ERROR "$ATTEMPT_ERROR" 600
}

# attempt_review: at boot, before ostree-boot-complete.service. What did the reboot come to? A commit that boots is the
# health checks' to judge, and so is one that the boot loader has given up.
attempt_review() {
  read_attempt
  [[ -n $ATTEMPT_COMMIT ]] || return 0
  read_booted
  read_boot_counter
  if [[ $ATTEMPT_COMMIT == "$BOOTED_COMMIT" || $BOOT_COUNTER == -1 ]]; then
    attempt_forget
    return 0
  fi
  read_boot_end
  if [[ $BOOT_END == p && ! -s $FINALIZE_ERROR && ! -s $ARM_ERROR ]]; then
    edge_log 5 "the power was cut before $ATTEMPT_COMMIT was finalised: this attempt does not count"
    edge_keep "$ATTEMPT" "$ATTEMPT_COMMIT $ATTEMPT_VERSION $((ATTEMPT_TIMES > 1 ? ATTEMPT_TIMES - 1 : 1))"
    return 0
  fi
  find_attempt_error
  edge_log 3 "commit $ATTEMPT_COMMIT did not boot, attempt $ATTEMPT_TIMES of $ATTEMPTS_MOST: $ATTEMPT_ERROR"
  if ((ATTEMPT_TIMES >= ATTEMPTS_MOST)); then
    failed_put "$ATTEMPT_COMMIT" "$ATTEMPT_VERSION" finalize none "$ATTEMPT_ERROR" "$ATTEMPT_TIMES"
    attempt_forget
  else
    update_error_put "$ATTEMPT_COMMIT" "$ATTEMPT_ERROR" "$ATTEMPT_TIMES"
    rm -f "$ARM_ERROR"
  fi
}
