# shellcheck shell=bash
# The answer of `status`: what the object is, and in DRIFT what differs from how apply left it. It only reads, exits 0
# even if everything is broken, and works without jq, so that it can report a host that lost it.

DRIFT=()

# drift TEXT: adds a finding once, a short sentence without the script's name
drift() {
  local known
  for known in "${DRIFT[@]}"; do [[ $known != "$1" ]] || return 0; done
  DRIFT+=("$1")
}

# json_text VARIABLE TEXT: sets the variable to TEXT as a JSON string
json_text() {
  local json=${2//\\/\\\\}
  json=${json//\"/\\\"}
  printf -v "$1" '"%s"' "${json//[[:cntrl:]]/ }"
}

# status_result [KEY JSON]...
status_result() {
  local json='' key text list=''
  while (($#)); do
    json_text key "$1"
    json+=$key:$2,
    shift 2
  done
  for text in "${DRIFT[@]}"; do
    json_text text "$text"
    list+=,$text
  done
  printf '{%s"drift":[%s]}\n' "$json" "${list#,}"
}

# tools NAME...: are these commands installed? Missing ones are drift.
tools() {
  local name missing=''
  for name; do command -v "$name" >/dev/null || missing+=" $name"; done
  [[ -z $missing ]] || {
    drift "missing on this host:$missing"
    return 1
  }
}

# read_line VARIABLE FILE: its first line; empty, with status 1, if there is none
read_line() {
  printf -v "$1" ''
  # shellcheck disable=SC2229 # the variable is named by the caller
  [[ -f $2 && -r $2 ]] && { read -r "$1" <"$2" || [[ -n ${!1} ]]; }
}
