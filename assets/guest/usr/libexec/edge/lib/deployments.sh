# shellcheck shell=bash
# What OSTree has deployed here. ostree 2025.2 has no JSON for `admin status`, so this parses its lines. The running
# commit comes from where the root is mounted from, which needs no other program. (Not from the kernel command line:
# the link that it names disappears once another deployment becomes the default.)

# Sets BOOTED_COMMIT and BOOTED_REF, the ref in its origin file.
read_booted() {
  local path point line
  BOOTED_COMMIT="" BOOTED_REF=""
  while read -r _ _ _ path point _; do
    if [[ $point == / && $path =~ ^/ostree/deploy/[^/]+/deploy/([0-9a-f]{64})\.[0-9]+$ ]]; then
      BOOTED_COMMIT=${BASH_REMATCH[1]}
      break
    fi
  done <"$ROOT/proc/self/mountinfo"
  if [[ -z $BOOTED_COMMIT ]]; then
    edge_log 3 "the root is not mounted from an ostree deployment"
    return 1
  fi
  [[ -r $ROOT$path.origin ]] || return 0
  while IFS= read -r line; do
    if [[ $line == refspec=* ]]; then
      BOOTED_REF=${line#*:}
    fi
  done <"$ROOT$path.origin"
}

# Sets BOOTED_VERSION.
read_booted_version() {
  local line
  # An image builder that gives every commit the distribution's version puts the release's own here.
  edge_read BOOTED_VERSION "$ROOT/usr/lib/edge/release"
  [[ -z $BOOTED_VERSION ]] || return 0
  while IFS= read -r line; do
    if [[ $line == OSTREE_VERSION=* ]]; then
      BOOTED_VERSION=${line#*=}
      BOOTED_VERSION=${BOOTED_VERSION//[\"\']/}
    fi
  done <"$ROOT/usr/lib/os-release"
}

# Reads `ostree admin status` and prints a line for each deployment:
# INDEX TAB COMMIT TAB VERSION TAB ROLE; ROLE is booted, staged, rollback, pending or other.
# In the order of the boot menu; a staged one has the index "-" because it is in no menu yet.
parse_deployments() {
  local line commit="" version="" role="" index=-1 shown="" seen_booted=""
  local head='^([* ]) ([^ ]+) ([0-9a-f]{64})\.[0-9]+( \(([a-z]+)\))?'
  flush() {
    [[ -z $commit ]] || printf '%s\t%s\t%s\t%s\n' "$shown" "$commit" "${version:--}" "$role"
  }
  while IFS= read -r line; do
    if [[ $line =~ $head ]]; then
      flush
      commit=${BASH_REMATCH[3]}
      version=""
      role=${BASH_REMATCH[5]}
      if [[ $role == staged ]]; then
        shown=-
      else
        index=$((index + 1))
        shown=$index
      fi
      if [[ ${BASH_REMATCH[1]} == "*" ]]; then
        role=booted
        seen_booted=1
      elif [[ -z $role ]]; then
        [[ -n $seen_booted ]] && role=rollback || role=pending
      fi
    elif [[ $line =~ ^[[:space:]]+Version:[[:space:]]*([^[:space:]]+) ]]; then
      version=${BASH_REMATCH[1]}
    fi
  done
  flush
}

# same_time FILE FILE: were both changed at the same time, or are both not there?
same_time() {
  [[ ! $1 -nt $2 && ! $1 -ot $2 ]]
}

# Is the cached list still valid? libostree touches /ostree/deploy at every change. A clock may be set back meanwhile:
# newer than the list says nothing.
deployments_known() {
  [[ -s $1 && -e $1.deploy ]] && same_time "$ROOT/ostree/deploy" "$1.deploy" && same_time "$STAGED_MARK" "$1.staged"
}

# Keeps the times that a list read from now on belongs to.
note_times() {
  touch -r "$ROOT/ostree/deploy" "$1.deploy"
  if [[ -e $STAGED_MARK ]]; then touch -r "$STAGED_MARK" "$1.staged"; else rm -f "$1.staged"; fi
}

# Sets DEPLOYMENTS to the lines of parse_deployments.
read_deployments() {
  local known=$RUN/deployments
  if deployments_known "$known"; then
    DEPLOYMENTS=$(<"$known")
    return 0
  fi
  [[ ! -w $RUN ]] || note_times "$known"
  DEPLOYMENTS=$(ostree admin status | parse_deployments) || return
  if [[ -z $DEPLOYMENTS ]]; then
    edge_log 3 "ostree admin status names no deployment"
    return 1
  fi
  system_versions
  if [[ -w $RUN ]]; then
    printf '%s\n' "$DEPLOYMENTS" >"$known.new.$$"
    mv -f "$known.new.$$" "$known"
  fi
}

# find_deployment ROLE: sets INDEX, COMMIT and VERSION of the first with this role; if none, empty and status 1.
find_deployment() {
  local role
  while IFS=$'\t' read -r INDEX COMMIT VERSION role; do
    [[ $role != "$1" ]] || return 0
  done <<<"$DEPLOYMENTS"
  INDEX="" COMMIT="" VERSION=""
  return 1
}

# Sets STAGED: the staged commit, empty if there is none or its staging was lost.
read_staged() {
  STAGED=""
  [[ -e $STAGED_MARK ]] || return 0
  read_deployments
  if find_deployment staged; then
    STAGED=$COMMIT
  fi
}

commit_failed_before() {
  [[ -r $STATE/failed.json && $(<"$STATE/failed.json") == *"\"$1\""* ]]
}

# writable_sysroot SCRIPT ARGUMENT...: runs a script, whose arguments start at $1, in a mount namespace where /sysroot
# is writable.
writable_sysroot() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount bash -euc 'mount -o remount,rw "$1"; shift; script=$1; shift; eval "$script"' \
    sysroot "$ROOT/sysroot" "$@"
}
