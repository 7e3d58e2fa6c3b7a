#!/usr/bin/env bash
# `pulumi` on the PATH that `npm run -s env` prints. Before a command that changes or compares the lab it mends what a
# run that was killed left behind, as `npm run up` does; then it is Pulumi itself.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=${here%/toolchain}
links=$root/node_modules/.edge-lab

# parse ARGUMENT...: sets COMMAND, the first word that is no option, STACK, and HELP where help is asked for
parse() {
  local word option=''
  COMMAND='' STACK='' HELP=''
  for word; do
    # The value of the option before it.
    case $option in
      -s | --stack) STACK=$word word='' ;;
      -C | --cwd | --color | --profiling | --tracing | --memprofilerate | -v | --verbose) word='' ;;
    esac
    option=$word
    case $word in
      -h | --help) HELP=yes ;;
      --stack=*) STACK=${word#*=} ;;
      -*) ;;
      *) COMMAND=${COMMAND:-$word} ;;
    esac
  done
}

# recovery: the words of the lab's own program that this command needs first; empty if none
recovery() {
  local selected=${PULUMI_STACK:-dev}
  selected=${selected##*/}
  [[ -z ${EDGE_LAB_RECOVERED:-} && -n ${EDGE_LAB_STATE:-} && -z $HELP && $PWD -ef $root ]] || return 0
  # Another stack's state is not where the environment points to; the program says so itself.
  [[ -z $STACK || ${STACK##*/} == "$selected" ]] || return 0
  case $COMMAND in
    up | update | refresh) echo recover ;;
    # Its first deletions need libvirt.
    destroy | down | dn) echo recover --libvirt ;;
    preview | pre) echo recover --preview ;;
  esac
}

main() {
  local words
  parse "$@"
  words=$(recovery)
  if [[ -n $words ]]; then
    # shellcheck disable=SC2086 # a list of words
    PATH=$links/bin:$PATH node --import tsx cli/main.ts $words >&2
  fi
  exec "$links/engine/pulumi" "$@"
}

main "$@"
