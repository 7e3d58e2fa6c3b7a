# shellcheck shell=bash
# Where files are: STATE_DIR is the lab's (removed by destroy), CACHE_DIR outlives it.

: "${EDGE_STATE_DIR:?}"
[[ $EDGE_STATE_DIR == /* ]] || {
  echo "error: EDGE_STATE_DIR=$EDGE_STATE_DIR is not an absolute path" >&2
  exit 1
}
# It stands in units, configurations and lists of paths: a line end would begin another line there.
[[ $EDGE_STATE_DIR != *[[:cntrl:]]* ]] || {
  echo "error: EDGE_STATE_DIR has a control character" >&2
  exit 1
}
export STATE_DIR=${EDGE_STATE_DIR%/}
export CACHE_DIR=${EDGE_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/edge-lab}
