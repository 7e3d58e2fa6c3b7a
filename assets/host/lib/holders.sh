# shellcheck shell=bash
# Finds who has a file open: a process id may be reused, an open file is unambiguous.

# holders FILE: ids of the processes that have FILE (a real path) open, even if it was deleted since
holders() {
  local glob fd
  glob=$(printf %s "$1" | sed 's/[][*?\\]/\\&/g')
  # Processes come and go while find runs: its complaints about that mean nothing.
  while IFS=/ read -r _ _ fd _; do
    echo "$fd"
  done < <(find /proc/[0-9]*/fd \( -lname "$glob" -o -lname "$glob (deleted)" \) 2>/dev/null) | sort -u
}

# end_holders FILE: sends them SIGTERM, and SIGKILL after 5 s
# A holder that forks and ends during the search is not seen, nor is its child: where holders lock FILE with
# flock, which children inherit, only the free lock says that there is none.
end_holders() {
  local path=$1 tries pid signal=TERM
  local -a pids
  for ((tries = 0; tries < 60; tries++)); do
    mapfile -t pids < <(holders "$path")
    if ((${#pids[@]} == 0)) && { [[ ! -e $path ]] || flock -n "$path" true; }; then
      return 0
    fi
    ((tries < 50)) || signal=KILL
    for pid in "${pids[@]}"; do
      kill -s "$signal" "$pid" 2>/dev/null || [[ ! -d /proc/$pid ]]
    done
    sleep 0.1
  done
  echo "error: process ${pids[*]-} does not end: it has $path open" >&2
  return 1
}
