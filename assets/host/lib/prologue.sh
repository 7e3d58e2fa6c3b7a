# shellcheck shell=bash source-path=SCRIPTDIR
# What every host script begins with: root, the paths, progress, bounded waits, the answer. Sourced first, with the
# script's own arguments; the script ends with run_verb "$@".

library=$(dirname "${BASH_SOURCE[0]}")
. "$library/root.sh"
become_root "$@"
. "$library/paths.sh"
. "$library/log.sh"
. "$library/wait.sh"
. "$library/result.sh"

# run_verb VERB: calls the script's function of that name
run_verb() {
  case ${1:-} in
    apply | destroy | status) "$1" ;;
    *) die "usage: ${0##*/} apply|destroy|status" ;;
  esac
}
