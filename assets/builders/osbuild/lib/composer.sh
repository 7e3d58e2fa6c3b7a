# shellcheck shell=bash
# composer-cli, the image builder's client: every call, its JSON and its errors. Needs common.sh.
# Its output and failures follow its source (osbuild/weldr-client, cmd/composer-cli/root/root.go): --json prints a
# list of {method, path, status, body}, one per request; a refusal is a body with `errors`, and status 1 with an
# empty stderr; without a reply (no socket, no file, no space) stderr has a line "ERROR: ...".

# Seconds between two status queries to the image builder.
POLL_SECONDS=${EDGE_COMPOSE_POLL:-5}

# composer_here: an empty directory: the client takes a file in it for a blueprint of that name
composer_here() { mkdir -p "$WORK" && cd "$WORK" || return; }

# composer ARGUMENT...: sets BODY to the last reply's body; on a refusal or failure sets COMPOSER_ERROR, status 1
composer() {
  local output status=0
  output=$(composer_here && composer-cli --json "$@" 2>"$WORK/composer.err") || status=$?
  # Before 35.6 replies came without a list around them.
  BODY=$(jq -c 'if type == "array" then last else . end | .body // . // {}' <<<"${output:-null}" 2>/dev/null) || BODY={}
  COMPOSER_ERROR=$(jq -r '(.errors // [])[] | "\(.id): \(.msg)"' <<<"$BODY" | paste -sd';')
  if ((status != 0)) && [[ -z $COMPOSER_ERROR ]]; then
    COMPOSER_ERROR=$(sed -n 's/^ERROR: *//p' "$WORK/composer.err" | paste -sd' ')
    [[ -n $COMPOSER_ERROR ]] || COMPOSER_ERROR="composer-cli $1 ${2:-} ended with status $status: $(tail -n 1 "$WORK/composer.err")"
  fi
  # A reply may contain errors for one of several blueprints, with status 0 in older versions.
  [[ -z $COMPOSER_ERROR && $status == 0 ]]
}

# must WHAT FIX ARGUMENT...: composer, or exit with one clear error
must() {
  local what=$1 fix=$2
  shift 2
  composer "$@" || die "$what: ${COMPOSER_ERROR:0:2000}; fix: $fix"
}

DAEMON_FIX="systemctl start osbuild-composer.socket, and see journalctl -u osbuild-composer"

# composer_answers: does the daemon's socket exist and the daemon reply?
composer_answers() { command -v composer-cli >/dev/null && composer status show; }

need_composer() {
  need composer-cli jq
  composer_answers || die "the image builder does not answer: ${COMPOSER_ERROR:0:500}; fix: $DAEMON_FIX"
}

# The image types that are a bare commit, under the names that distributions give them; the first match counts.
COMMIT_TYPES=(edge-commit rhel-edge-commit iot-commit fedora-iot-commit)

# image_types: one per line. Not as JSON: its format changes with the daemon's newer interface.
image_types() { (composer_here && composer-cli compose types); }

# Sets IMAGE_TYPE.
choose_type() {
  local types type
  types=$(image_types 2>"$WORK/composer.err") ||
    die "the image builder names no image types: $(sed 's/^ERROR: *//' "$WORK/composer.err" | paste -sd' '); fix: $DAEMON_FIX"
  for type in "${COMMIT_TYPES[@]}"; do
    if grep -qx "$type" <<<"$types"; then
      IMAGE_TYPE=$type
      return 0
    fi
  done
  die "the image builder has no image type for an OSTree commit: none of ${COMMIT_TYPES[*]} is among $(paste -sd' ' <<<"$types"); \
fix: use RHEL 8 or 9, CentOS Stream 9 or Fedora, whose image builder has one"
}
