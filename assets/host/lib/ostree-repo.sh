# shellcheck shell=bash
# Reads the content server's repository from its files: an ostree process per question would take more time than status
# may use. Needs drift.sh; REPO.

# ref_commit VARIABLE REF: the commit that the ref names; empty, with status 1, if it names none
ref_commit() {
  if read_line "$1" "$REPO/refs/heads/$2" && [[ ${!1} =~ ^[0-9a-f]{64}$ ]]; then return 0; fi
  printf -v "$1" ''
  return 1
}

# commit_there COMMIT: does the commit object exist, and is it not partial?
commit_there() { [[ -s $REPO/objects/${1:0:2}/${1:2}.commit && ! -e $REPO/state/$1.commitpartial ]]; }

# summary_has TEXT COMMIT: does COMMIT (stored as bytes; empty: any) follow TEXT in the summary?
summary_has() {
  local hex='' i byte rest
  [[ -n ${SUMMARY_HEX:-} ]] || SUMMARY_HEX=$(od -An -v -tx1 "$REPO/summary" 2>/dev/null | tr -d ' \n')
  for ((i = 0; i < ${#1}; i++)); do
    printf -v byte %02x "'${1:i:1}"
    hex+=$byte
  done
  rest=${SUMMARY_HEX#*"${hex}00"}
  # Between the two are up to 7 bytes of padding and the commit object's size.
  [[ $rest != "$SUMMARY_HEX" && ${rest:0:96} == *"$2"* ]]
}

# lost_content LIST: the lines of the sorted list ("PATH SIZE" below REPO) that no longer hold
lost_content() {
  LC_ALL=C comm -23 "$1" <(cd "$REPO" && find objects deltas -type f -printf '%p %s\n' 2>/dev/null | LC_ALL=C sort) 2>/dev/null
}
