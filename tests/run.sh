#!/usr/bin/env bash
# Runs test suites: run.sh unit|engine|scripts|e2e|all. Its last line counts the tests that passed, failed and were
# skipped; its status is 0 only if every suite ran to its end and nothing failed.
# "all" runs the suites that only compute beside the beginning of e2e, which mostly waits for one emulated device there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Where system tools are; a user's PATH may lack it.
export PATH=$PATH:/usr/sbin:/sbin

tests=${EDGE_LAB_TESTS:-tests}
cache=${EDGE_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/edge-lab}/tests
# Suites that run beside e2e, one after the other.
BESIDE=(unit engine)

# limits SUITE: seconds for one test, minutes for the whole suite, test files at a time
limits() {
  case $1 in
    unit) echo 60 20 1 ;;
    engine) echo 180 30 1 ;;
    scripts) echo 300 40 2 ;; # each file has its own network namespace; most wait for daemons
    e2e) echo 1800 "$((${EDGE_LAB_TEST_SLOW:+90} + 70))" 1 ;;
    *) return 1 ;;
  esac
}

# Each suite gets its own temporary folder, which must be empty at the end. tsx keeps compiled code in the temporary
# folder: that is a cache, so link it to one. Open to all users like /tmp, with a short name: socket paths in it have at
# most 107 bytes.
make_temporary() {
  temporary=$(mktemp -d "${TMPDIR:-/tmp}/edge-XXXXXX")
  chmod 1777 "$temporary"
  mkdir -p "$cache/tsx" "$cache/node"
  ln -s "$cache/tsx" "$temporary/tsx-$EUID"
}

# Sets LEFT to what is in the temporary folder, and removes the folder.
end_temporary() {
  rm -f "$temporary/tsx-$EUID"
  LEFT=$(ls -A "$temporary")
  rm -rf "$temporary"
}

# service_users: the users that the lab's services have on this host, sorted
service_users() {
  getent passwd | sed -n 's/^\(edge-lab-[a-z]*\):.*/\1/p' | LC_ALL=C sort
}

# end_users BEFORE: removes the users that a suite's services were given; no test's lab is the host's last, which would.
# Those of BEFORE are those of a lab that this host has. Adds to LEFT what could not be removed.
end_users() {
  local user
  while read -r user; do
    userdel "$user" || LEFT+=${LEFT:+$'\n'}"user $user"
  done < <(LC_ALL=C comm -13 <(echo "$1") <(service_users) | sed '/^$/d')
}

# run_suite NAME: its counts, and the lines to repeat at the end, go to $work/NAME.result.
run_suite() {
  local suite=$1 files=() counts=$work/$1.counts status=0 start=$SECONDS test_seconds suite_minutes jobs parallel=()
  local temporary LEFT users passed=0 failed=0 skipped=0 lines=() order=()
  read -r test_seconds suite_minutes jobs < <(limits "$suite")
  # Files that mostly wait come last in the alphabet: side by side, they come first, so that none of them is left alone.
  ((jobs == 1)) || parallel=(--parallel --jobs "$jobs") order=(--reverse)
  [[ ! -d $tests/$suite ]] || mapfile -t files < <(find "$tests/$suite" -name '*.test.ts' | LC_ALL=C sort "${order[@]}")
  if ((${#files[@]} == 0)); then
    printf '\nsuite %s: there are no tests in %s\n' "$suite" "$tests/$suite"
    echo 0 0 0 >"$work/$suite.result"
    return
  fi
  printf '\nsuite %s: %s files\n' "$suite" "${#files[@]}"
  make_temporary
  users=$(service_users)
  TMPDIR=$temporary NODE_COMPILE_CACHE=$cache/node EDGE_LAB_TEST_COUNTS=$counts timeout --foreground -k 30 "${suite_minutes}m" node --import tsx \
    node_modules/mocha/bin/mocha.js --timeout "${test_seconds}s" "${parallel[@]}" "${files[@]}" </dev/null || status=$?
  if [[ -s $counts ]]; then
    { read -r passed failed skipped && mapfile -t lines; } <"$counts"
  fi
  # A test that exits the process with status 0 leaves no counts.
  if [[ ! -s $counts ]] || ((status != 0 && failed == 0)); then
    ((failed += 1))
    lines+=("failed: the suite did not run to its end: status $status$( ((status != 124)) || echo ", $suite_minutes minutes are over")")
  fi
  end_temporary
  # What only computes makes no user; beside it e2e may have one.
  [[ " ${BESIDE[*]} " == *" $suite "* ]] || end_users "$users"
  if [[ -n $LEFT ]]; then
    ((failed += 1))
    lines+=("failed: the tests left behind: ${LEFT//$'\n'/, }")
  fi
  printf 'suite %s ended after %s s: %s passed, %s failed, %s skipped\n' \
    "$suite" $((SECONDS - start)) "$passed" "$failed" "$skipped"
  printf '%s\n' "$passed $failed $skipped" "${lines[@]/#/  $suite: }" >"$work/$suite.result"
}

# A suite's output comes in one piece, when it has ended. What waits for the end of all looks at $work/beside.
run_beside() {
  local suite
  trap 'rm -f "$work/beside"' EXIT
  for suite in "${BESIDE[@]}"; do
    run_suite "$suite" >"$work/$suite.log" 2>&1
    cat "$work/$suite.log"
  done
}

run_all() {
  run_suite scripts
  : >"$work/beside"
  # A process group of its own, which ends with this script.
  set -m
  run_beside </dev/null &
  beside=$!
  set +m
  EDGE_LAB_TESTS_BESIDE=$work/beside run_suite e2e
  wait "$beside" || echo "the suites beside e2e ended with status $?" >&2
  beside=""
}

# sum SUITE...: prints what is to be repeated, and the closing line. Its status is that of all suites.
sum() {
  local suite all=(0 0 0) counts again=() lines
  for suite; do
    [[ -s $work/$suite.result ]] || printf '0 1 0\n  %s: failed: the suite did not run to its end\n' "$suite" >"$work/$suite.result"
    { read -r -a counts && mapfile -t lines; } <"$work/$suite.result"
    all=($((all[0] + counts[0])) $((all[1] + counts[1])) $((all[2] + counts[2])))
    again+=("${lines[@]}")
  done
  printf '\nall suites ended after %s s\n' "$SECONDS"
  ((${#again[@]} == 0)) || printf '%s\n' "${again[@]}"
  printf '%s passed, %s failed, %s skipped\n' "${all[@]}"
  ((all[1] == 0))
}

leave() {
  [[ -z ${beside:-} ]] || kill -- "-$beside"
  rm -rf "$work"
}

main() {
  local suites=("$@") suite
  [[ $* != all ]] || suites=(unit engine scripts e2e)
  for suite in "${suites[@]:-}"; do
    limits "$suite" >/dev/null || {
      echo "usage: tests/run.sh unit|engine|scripts|e2e|all" >&2
      exit 2
    }
  done
  tests/setup.sh "${suites[@]}"
  work=$(mktemp -d)
  trap leave EXIT
  if [[ $* == all ]]; then
    run_all
  else
    for suite in "${suites[@]}"; do run_suite "$suite"; done
  fi
  sum "${suites[@]}"
}

main "$@"
