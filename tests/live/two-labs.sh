#!/usr/bin/env bash
# Two whole labs at once on one host, from one clone: brings both up, checks them, destroys the first, checks the second
# again, destroys it, and checks that the host is as before. Takes as long as two labs, with 4 GiB of memory for each
# lab's devices. Run by hand, as root: npm run test:live. On a host without systemd it runs in its own network
# namespace. EDGE_LIVE_KEEP=1 keeps the clone, with its logs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

TEST="two labs"
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh

# healthy STACK ADDRESS: the doctor finds no problem and the app answers
healthy() {
  npm_run "$1" lab -- doctor || die "doctor of $1"
  inside curl -sS --noproxy '*' -m 60 --fail -o /dev/null "http://$2:8080/" || die "the app of $1 at $2"
  npm_run "$1" lab -- status
}

main() {
  ((EUID == 0)) || die "run it as root"
  network_up
  trap "finish dev second" EXIT
  git clone -q . "$WORK/clone"
  cat >"$WORK/clone/Pulumi.second.yaml" <<'YAML'
config:
  edge-lab:stateDir: .lab-second
  edge-lab:network: { cidr: 192.168.77.0/24, bridge: edgelab1, name: edge-lab-2 }
  edge-lab:devices:
    - { name: second-1, role: primary }
    - { name: second-2, role: backup }
YAML
  listing >"$WORK/before"
  say "a stack that was never made has nothing to destroy"
  npm_run never destroy 2>&1 | grep -q 'does not exist: nothing to destroy' || die "destroy of a stack that was never made"

  say "up, both at once"
  npm_run dev up >"$WORK/dev.log" 2>&1 &
  local first=$! second
  npm_run second up >"$WORK/second.log" 2>&1 &
  second=$!
  wait "$first" || { tail -n 40 "$WORK/dev.log" && die "up of dev"; }
  wait "$second" || { tail -n 40 "$WORK/second.log" && die "up of second"; }
  healthy dev 192.168.76.100
  healthy second 192.168.77.100
  npm_run dev up -- --expect-no-changes >/dev/null || die "the second up of dev changes something"

  say "a third stack that clashes changes nothing"
  printf 'config:\n  edge-lab:stateDir: .lab-third\n' >"$WORK/clone/Pulumi.third.yaml"
  ! npm_run third up >"$WORK/third.log" 2>&1 || die "a lab came up on another one's network"
  grep -q 'network.cidr 192.168.76.0/24 overlaps 192.168.76.0/24 of the lab of stack dev' "$WORK/third.log" ||
    { tail -n 20 "$WORK/third.log" && die "the clash is not named"; }
  npm_run third destroy || die "destroy of third"

  say "destroy of a stack that was never made, and of the first lab, leave the second one"
  npm_run never destroy || die "destroy of a stack that was never made"
  healthy dev 192.168.76.100
  npm_run dev destroy || die "destroy of dev"
  ! inside "${LV[@]}" net-info edge-lab >/dev/null 2>&1 || die "the first lab's network is still there"
  [[ ! -e $WORK/clone/.lab/pulumi ]] || die "the first lab's state is still there"
  healthy second 192.168.77.100
  npm_run second up -- --expect-no-changes >/dev/null || die "the second up of second changes something"

  npm_run second destroy || die "destroy of second"
  listing >"$WORK/after"
  diff "$WORK/before" "$WORK/after" || die "the host is not as it was"
  [[ ! -e $WORK/clone/.lab && ! -e $WORK/clone/.lab-second ]] || die "a state directory is still there"
  [[ -z $(git -C "$WORK/clone" status --porcelain -- . ':!Pulumi.second.yaml' ':!Pulumi.third.yaml') ]] || die "the work tree is not clean"
  say "all is well"
}

main "$@"
