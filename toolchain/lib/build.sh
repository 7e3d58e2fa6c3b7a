# Builds components. Sourced after common.sh, components.sh and golang.sh.
# shellcheck shell=bash

# No DWARF: it would only be dropped by -w at the end, and leaving it out saves time.
BUILD_FLAGS=(-trimpath -buildvcs=false -modcacherw -gcflags=all=-dwarf=false
  "-ldflags=-s -w -X $VERSION_SYMBOL=v$ENGINE_VERSION")

# progress FILE TOTAL LABEL: one line that a terminal overwrites; else a line every 15 s
follow_progress() {
  local file=$1 total=$2 label=$3 begun=$SECONDS done_count elapsed left
  local every=15 end='\n'
  [[ -t 2 ]] && every=1 end='\r'
  while :; do
    sleep "$every"
    done_count=$(wc -l <"$file")
    elapsed=$((SECONDS - begun)) left='?'
    ((done_count > 0)) && left=$((elapsed * (total - done_count) / done_count))
    # shellcheck disable=SC2059 # the format is ours
    printf "toolchain: %s: package %d/%d, %d s, about %s s left   $end" \
      "$label" "$done_count" "$total" "$elapsed" "$left" >&2
  done
}

# stale_packages MODULE PACKAGE...: how many packages the compiler will have to do
stale_packages() {
  local module=$1
  shift
  (cd "$ROOT/toolchain/$module" && "$GO" list "${BUILD_FLAGS[@]}" -deps -f '{{if .Stale}}{{.ImportPath}}{{end}}' "$@") |
    grep -c . || :
}

# go_build LABEL MODULE OUTPUT PACKAGE...
go_build() {
  local label=$1 module=$2 output=$3 total follower status=0
  shift 3
  local log=$CACHE/log/build-$label.log
  mkdir -p "$output" "$CACHE/log"
  say "$label: fetching modules"
  total=$(stale_packages "$module" "$@")
  : >"$log"
  follow_progress "$log" "$total" "$label" &
  follower=$!
  (cd "$ROOT/toolchain/$module" && "$GO" build -v "${BUILD_FLAGS[@]}" -o "$output/" "$@") >>"$log" 2>&1 || status=$?
  kill "$follower"
  wait "$follower" 2>/dev/null || :
  if ((status)); then
    tail -n 25 "$log" >&2
    die "building $label failed; all of its output is in $log"
  fi
}

# keep COMPONENT DIRECTORY: whole or not at all, whenever the power goes
keep() {
  local component=$1 built=$2 target binary
  target=$(component_dir "$component")
  rm -rf "$target" "$target.tmp"
  mkdir -p "$target.tmp"
  while read -r binary; do
    mv "$built/$binary" "$target.tmp/"
  done < <(component_binaries "$component")
  mv "$target.tmp" "$target"
}

build_engine() {
  go_build cli cli "$1" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
  go_build language-host language-nodejs "$1" github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs
  keep engine "$1"
}

# build_providers OUTPUT NAME...: one build, so that linking one overlaps compiling the next
build_providers() {
  local output=$1 name packages=()
  shift
  for name in "$@"; do packages+=("./cmd/pulumi-resource-$name"); done
  go_build providers providers "$output" "${packages[@]}"
  for name in "$@"; do keep "$name" "$output"; done
}

# build COMPONENT...
build() {
  local component engine=no providers=() work=$CACHE/toolchain/work begun=$SECONDS
  for component in "$@"; do
    if [[ $component == engine ]]; then engine=yes; else providers+=("$component"); fi
  done
  find_go
  use_go_caches
  say "building $* with $("$GO" version | awk '{ print $3 }'), once; all of it takes about 6 minutes on 2 cores"
  rm -rf "$work"
  [[ $engine == no ]] || build_engine "$work"
  ((${#providers[@]} == 0)) || build_providers "$work" "${providers[@]}"
  rm -rf "$work"
  drop_module_sources
  say "built $* in $((SECONDS - begun)) s"
}
