# shellcheck shell=bash
# The depot's program in DIR/program: one file of the project's TypeScript and its packages, the page's parts, and Node
# where others may not run the host's. Needs log.sh; DIR, PROJECT.

# depot_sources: hash of what the program is made from
depot_sources() {
  find "$PROJECT"/{depot,protocol,package-lock.json,assets/host/lib/depot-bundle.ts} -type f -print0 | sort -z |
    xargs -0 cat | sha256sum | cut -c 1-16
}

# depot_program: makes the program if its sources have changed, and sets NODE, the path of Node's program
depot_program() {
  local sources
  # A wrapper script named node (version managers install one) needs the caller's environment: ask it for the real
  # program.
  NODE=$(node -p 'require("node:fs").realpathSync(process.execPath)') || die "node is not on PATH"
  sources=$(depot_sources)
  if [[ $(cat "$DIR/program/sources" 2>/dev/null) != "$sources" || ! -s $DIR/program/depot.cjs ]]; then
    rm -rf "$DIR/program.new"
    mkdir -p "$DIR/program.new"
    (cd "$PROJECT" && run_logged depot-program node --import tsx assets/host/lib/depot-bundle.ts "$DIR/program.new") ||
      die "the depot's program could not be made; fix: see above; if a package is missing, npm ci"
    echo "$sources" >"$DIR/program.new/sources"
    rm -rf "$DIR/program"
    mv "$DIR/program.new" "$DIR/program"
  fi
  # Packages installed under a strict umask: only their owner may run Node.
  (((0$(stat -Lc %a "$NODE") & 5) == 5)) || node_copy
}

# node_copy: a copy of Node that the depot's user may run
node_copy() {
  cmp -s "$NODE" "$DIR/node" || {
    install -m 755 "$NODE" "$DIR/node.new"
    mv "$DIR/node.new" "$DIR/node"
  }
  NODE=$DIR/node
}
