# shellcheck shell=dash
# %pre runs in the installer, %post in the new system (or, with --nochroot, in the installer).

# scripts_run KIND ROOT
scripts_run() {
  index=0
  while [ "$index" -lt "$KS_SCRIPTS" ]; do
    index=$((index + 1))
    [ "$(value "script_${index}_kind")" = "$1" ] || continue
    script_run "$index" "$1" "$2"
  done
}

# script_run N KIND ROOT
script_run() {
  interpreter=$(value "script_$1_interpreter") log=$(value "script_$1_log") root=$3 status=0
  [ -z "$(value "script_$1_nochroot")" ] || root=/
  cp "$KS_DIR/script.$1" "${root%/}/run/ks-script"
  chroot "$root" "${interpreter:-/bin/sh}" /run/ks-script >"$KS_DIR/output" 2>&1 </dev/null || status=$?
  cat "$KS_DIR/output" >>"$LOG"
  [ -z "$log" ] || cp "$KS_DIR/output" "${root%/}$log"
  rm -f "${root%/}/run/ks-script"
  [ "$status" -eq 0 ] || script_failed "%$2 of line $(value "script_$1_line") ended with status $status" "$1"
  step "%$2 done"
}

script_failed() {
  [ -z "$(value "script_$2_erroronfail")" ] || failed "$1"
  step "$1 (without --erroronfail: going on)"
}
