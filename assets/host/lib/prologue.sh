# shellcheck shell=bash source-path=SCRIPTDIR
# Prologue of every host script: its own environment, root, paths, progress, bounded waits, the answer. Source it first,
# with the script's arguments; the script ends with run_verb "$@".

library=${BASH_SOURCE[0]%/*}
. "$library/caller.sh"
. "$library/root.sh"
become_root "$@"
. "$library/paths.sh"
. "$library/log.sh"
. "$library/wait.sh"
. "$library/result.sh"
. "$library/drift.sh"

# The verbs of a script; a script may add its own.
VERBS=(apply destroy status)

# run_verb VERB: calls the script's function with that name
run_verb() {
  local verb
  for verb in "${VERBS[@]}"; do
    # Not in a && or || list: errors in a verb must end the script.
    if [[ ${1:-} == "$verb" ]]; then
      "$verb"
      return
    fi
  done
  die "usage: ${0##*/} $(IFS='|' && echo "${VERBS[*]}")"
}
