# shellcheck shell=bash source-path=SCRIPTDIR
# What every host script begins with: an environment of its own, root, the paths, progress, bounded waits, the answer.
# Sourced first, with the script's own arguments; the script ends with run_verb "$@".

library=${BASH_SOURCE[0]%/*}
. "$library/caller.sh"
. "$library/root.sh"
become_root "$@"
. "$library/paths.sh"
. "$library/log.sh"
. "$library/wait.sh"
. "$library/result.sh"

# What a script can be told to do; one that knows more words adds them.
VERBS=(apply destroy status)

# run_verb VERB: calls the script's function of that name
run_verb() {
  local verb
  for verb in "${VERBS[@]}"; do
    # Not within a list of commands: a verb's errors end the script.
    if [[ ${1:-} == "$verb" ]]; then
      "$verb"
      return
    fi
  done
  die "usage: ${0##*/} $(IFS='|' && echo "${VERBS[*]}")"
}
