# shellcheck shell=bash
# What is wrong with this device beside its boot's verdict: a full disk, a damaged state file. Reported until it is well
# again. Needs edge.sh.

# Room that a full disk gives back at boot: for the boot's own files, its record and its verdict, and for the app's user,
# whose podman writes at its first start in a boot. More than a file system may keep for root (ROOT_MIB of the
# installer). MiB.
RESERVE_MIB=96
RESERVE=$STATE/reserve
# There in a boot that had to give it up.
RESERVE_USED=$RUN/reserve-used
# /var counts as full below this, MiB.
FULL_MIB=16
# Lines, one problem each, found at this boot.
BOOT_PROBLEMS=$RUN/problems

# Sets FREE_MIB: what any user can still write to /var; root may have more. Of the free blocks ext4 also keeps 2 %, at
# most 4096, for itself (fs/ext4/super.c, ext4_set_resv_clusters): a full disk has that many.
read_free() {
  local blocks size all kept
  FREE_MIB=$FULL_MIB
  read -r blocks size all < <(stat --file-system --format='%a %S %b' "$STATE") || return 0
  kept=$((all / 50 < 4096 ? all / 50 : 4096))
  FREE_MIB=$(((blocks - kept) * size / 1048576))
  ((FREE_MIB >= 0)) || FREE_MIB=0
}

# make_room: at boot, before anything is written. A device whose disk is full must boot, or nobody can free it.
make_room() {
  read_free
  ((FREE_MIB < FULL_MIB)) && [[ -e $RESERVE ]] || return 0
  edge_log 4 "$FREE_MIB MiB are free on /var: the reserve of $RESERVE_MIB MiB is given up"
  rm -f "$RESERVE"
  : >"$RESERVE_USED"
}

# keep_reserve: once there is room again. Allocated, not sparse: only written blocks are a reserve.
keep_reserve() {
  [[ ! -e $RESERVE ]] || return 0
  read_free
  ((FREE_MIB >= RESERVE_MIB * 4)) || return 0
  fallocate --length "${RESERVE_MIB}MiB" "$RESERVE" || edge_log 4 "there is no reserve on /var"
}

# set_aside FILE: a state file that cannot be read is kept under another name, and counts as not there.
set_aside() {
  edge_log 4 "$1 is damaged: set aside as ${1##*/}.damaged"
  mv -f "$1" "$1.damaged" || rm -f "$1"
  printf '%s was damaged and is set aside as %s\n' "${1#"$ROOT"}" "${1##*/}.damaged" >>"$BOOT_PROBLEMS"
}

# damaged FILE OPEN CLOSE: is this no JSON text that begins and ends as it must? A torn write shows in its end, NULs
# anywhere.
damaged() {
  local text
  [[ -e $1 ]] || return 1
  IFS= read -r -d '' text <"$1" && return 0
  text=${text%$'\n'}
  [[ $text != "$2"*"$3" ]]
}

# check_state: at boot.
check_state() {
  local record
  ! damaged "$STATE/failed.json" '[' ']' || set_aside "$STATE/failed.json"
  for record in "$STATE"/health/*.json; do
    ! damaged "$record" '{' '}' || set_aside "$record"
  done
}

# Sets PROBLEMS, lines.
read_problems() {
  PROBLEMS=""
  [[ ! -s $BOOT_PROBLEMS ]] || PROBLEMS=$(<"$BOOT_PROBLEMS")$'\n'
  read_free
  # Also on what the reserve gave back: it is there again once there is room for it.
  if ((FREE_MIB < FULL_MIB)) || [[ -e $RESERVE_USED && $FREE_MIB -lt $((RESERVE_MIB * 4)) ]]; then
    PROBLEMS+="the disk is full: $FREE_MIB MiB are free on /var"$'\n'
  fi
}
