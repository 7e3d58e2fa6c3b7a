# shellcheck shell=bash
# Registers a RHEL host that is not registered yet; the lab unregisters only what it registered.
# Needs log.sh, paths.sh, distribution.sh.

REGISTERED_MARK=$STATE_DIR/host/registered

needs_subscription() { [[ $(host_distribution) == rhel-* ]]; }

# registered: does this host have an identity that its service still knows? (identity asks the service, and fails
# for one that was deleted there.)
registered() { subscription-manager identity >/dev/null 2>&1; }

# subscription_problem: why the host's content is not available; empty if it is. Simple content access, the
# default since 2024, reports only Disabled; without it an expired subscription reports Invalid.
subscription_problem() {
  local status
  status=$(subscription-manager status 2>&1) || :
  case $status in
    *'Overall Status: Current'* | *'Overall Status: Disabled'* | *'Overall Status: Registered'* | *'Simple Content Access'*) ;;
    *) sed -nE 's/^Overall Status: *//p; s/^- *(.*expired.*)$/\1/Ip' <<<"$status" | paste -sd' ' ;;
  esac
}

# subscription_apply JSON: registers; passes the JSON on the program's stdin only
subscription_apply() {
  needs_subscription || return 0
  if ! registered; then
    [[ $1 != null ]] || die "this host is not registered; fix: register it, or set edge-lab:subscription"
    say subscription "registering this host"
    mkdir -p "${REGISTERED_MARK%/*}"
    date +%s >"$REGISTERED_MARK"
    if ! "${EDGE_PYTHON:-/usr/libexec/platform-python}" assets/host/rhsm/register.py <<<"$1" >&2; then
      rm -f "$REGISTERED_MARK"
      die "subscription: this host could not be registered (see above); fix: correct edge-lab:subscription, or the way to the subscription service"
    fi
    run_logged subscription subscription-manager refresh
  fi
  local problem
  problem=$(subscription_problem)
  [[ -z $problem ]] || die "subscription: $problem; fix: renew it, then run: subscription-manager refresh"
}

subscription_destroy() {
  [[ -e $REGISTERED_MARK ]] || return 0
  ! registered || run_logged subscription subscription-manager unregister
  rm -f "$REGISTERED_MARK"
}
