# shellcheck shell=bash
# What OSTree has deployed here. ostree 2025.2 has no JSON for `admin status`, so its lines are read;
# the commit that is running is taken from the kernel's command line, which costs no process.

booted_commit() {
  local word path
  for word in $(<"$ROOT/proc/cmdline"); do
    if [[ $word == ostree=* ]]; then
      path=$(cd -P "$ROOT${word#ostree=}" && printf '%s' "$PWD")
      path=${path##*/}
      printf '%s' "${path%.*}"
      return 0
    fi
  done
  edge_log 3 "the kernel's command line names no ostree deployment"
  return 1
}

booted_version() {
  local line
  while IFS= read -r line; do
    if [[ $line == OSTREE_VERSION=* ]]; then
      line=${line#*=}
      line=${line//\"/}
      printf '%s' "${line//\'/}"
    fi
  done <"$ROOT/usr/lib/os-release"
}

# Reads `ostree admin status` and prints a line for each deployment:
# INDEX TAB COMMIT TAB VERSION TAB ROLE, role being booted, staged, rollback, pending or other.
# The order is that of the boot menu; a staged one is printed with index "-" as it is in no menu yet.
parse_deployments() {
  local line commit="" version="" role="" index=-1 shown="" seen_booted=""
  local head='^([* ]) ([^ ]+) ([0-9a-f]{64})\.[0-9]+( \(([a-z]+)\))?'
  flush() {
    [[ -z $commit ]] || printf '%s\t%s\t%s\t%s\n' "$shown" "$commit" "$version" "$role"
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
    elif [[ $line =~ ^[[:space:]]+Version:[[:space:]]*(.*)$ ]]; then
      version=${BASH_REMATCH[1]}
    fi
  done
  flush
}

# The same from the system, kept while nothing changes: libostree touches /ostree/deploy at every change.
deployments() {
  local cache=$RUN/deployments deploy=$ROOT/ostree/deploy staged=no known=no
  [[ -e $STAGED_MARK ]] && staged=yes
  if [[ -s $cache && $cache -nt $deploy && ! $STAGED_MARK -nt $cache ]]; then
    [[ $(<"$cache") == *$'\tstaged'* ]] && known=yes
    if [[ $staged == "$known" ]]; then
      printf '%s\n' "$(<"$cache")"
      return 0
    fi
  fi
  local text
  text=$(ostree admin status | parse_deployments) || return
  [[ -n $text ]] || return 1
  if [[ -w $RUN ]]; then
    printf '%s\n' "$text" >"$cache.new.$$"
    mv -f "$cache.new.$$" "$cache"
  fi
  printf '%s\n' "$text"
}

# deployment_field ROLE FIELD: FIELD is index, commit or version; empty when there is none.
deployment_field() {
  local list index commit version role
  list=$(deployments) || return
  while IFS=$'\t' read -r index commit version role; do
    if [[ $role == "$1" ]]; then
      printf '%s' "${!2}"
      return 0
    fi
  done <<<"$list"
}

# The commit that is staged; empty when none is (or when its staging was lost).
staged_commit() {
  [[ -e $STAGED_MARK ]] || return 0
  deployment_field staged commit
}

commit_failed_before() {
  [[ -r $STATE/failed.json && $(<"$STATE/failed.json") == *"\"$1\""* ]]
}

# The ref that the running deployment follows, from its origin file.
booted_ref() {
  local word path line
  for word in $(<"$ROOT/proc/cmdline"); do
    if [[ $word == ostree=* ]]; then
      path=$(cd -P "$ROOT${word#ostree=}" && printf '%s' "$PWD")
      while IFS= read -r line; do
        if [[ $line == refspec=* ]]; then
          line=${line#*=}
          printf '%s' "${line#*:}"
        fi
      done <"$path.origin"
    fi
  done
}
