# Builds components. Sourced after common.sh, components.sh and golang.sh.
# shellcheck shell=bash

# follow_progress FILE TOTAL LABEL: one line that a terminal overwrites, otherwise a line every 15 s
follow_progress() {
  local file=$1 total=$2 label=$3 begun=$SECONDS compiled elapsed left
  local every=15 end='\n'
  [[ -t 2 ]] && every=1 end='\r'
  while kill -0 "$$" 2>/dev/null; do
    sleep 1 # never long: a sleep outlives this loop, and holds the output of the whole setup
    elapsed=$((SECONDS - begun))
    ((elapsed > 0 && elapsed % every == 0)) || continue
    compiled=$(wc -l <"$file") left='?'
    ((compiled > 0)) && left=$((elapsed * (total - compiled) / compiled))
    # shellcheck disable=SC2059 # the format is ours
    printf "toolchain: %s: package %d/%d, %d s, about %s s left   $end" \
      "$label" "$compiled" "$total" "$elapsed" "$left" >&2
  done
}

# go_build LABEL MODULE OUTPUT PACKAGE...: one build, so that linking overlaps compiling
go_build() {
  local label=$1 directory=$ROOT/toolchain/$2 output=$3 stale follower status=0
  shift 3
  local log=$CACHE/log/build-$label.log
  mkdir -p "$output" "$CACHE/log"
  say "$label: fetching modules"
  # Lists the packages left to compile; this fetches everything needed.
  stale=$(cd "$directory" &&
    "$GO" list "${BUILD_FLAGS[@]}" -deps -f '{{if .Stale}}{{.ImportPath}}{{end}}' "$@" 2>"$log") || status=$?
  ((status == 0)) || {
    tail -n 25 "$log" >&2
    die "fetching the Go modules of $label failed; all that was said is in $log"
  }
  : >"$log"
  # It must not hold the lock of a killed setup.
  follow_progress "$log" "$(grep -c . <<<"$stale" || :)" "$label" 9>&- &
  follower=$!
  (cd "$directory" && "$GO" build -v "${BUILD_FLAGS[@]}" -o "$output/" "$@") >>"$log" 2>&1 || status=$?
  kill "$follower"
  wait "$follower" 2>/dev/null || :
  ((status == 0)) || {
    tail -n 25 "$log" >&2
    die "building $label failed; all of its output is in $log"
  }
}

# keep COMPONENT DIRECTORY: all or nothing, even in a power cut
keep() {
  local target
  target=$(component_dir "$1")
  rm -rf "$target" "$target.tmp"
  mkdir -p "$target.tmp"
  mv "$2/$(component_binary "$1")" "$target.tmp/"
  mv "$target.tmp" "$target"
}

# Go's default collects garbage more often than a machine of this size needs: this saves a fifth of the
# time.
ease_memory() {
  local available
  available=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  ((available < 6 * 1024 * 1024)) || export GOGC=${GOGC:-400}
}

# build COMPONENT...
build() {
  local component cli=no plugins=() packages=() work=$CACHE/toolchain/work begun=$SECONDS
  for component in "$@"; do
    if [[ $component == cli ]]; then
      cli=yes
    else
      plugins+=("$component")
      packages+=("$(component_package "$component")")
    fi
  done
  find_go
  use_go_caches
  ease_memory
  say "building $* with $("$GO" version | awk '{ print $3 }'), once; all five take about 6 minutes on 2 cores"
  rm -rf "$work"
  if [[ $cli == yes ]]; then
    go_build cli cli "$work" "$(component_package cli)"
    keep cli "$work"
  fi
  if ((${#plugins[@]} > 0)); then
    go_build plugins plugins "$work" "${packages[@]}"
    for component in "${plugins[@]}"; do keep "$component" "$work"; done
  fi
  rm -rf "$work"
  drop_module_sources
  say "built $* in $((SECONDS - begun)) s"
}
