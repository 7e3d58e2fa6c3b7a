# shellcheck shell=bash
# Calls a verb of the image-builder backend; nothing else knows where a backend is.

: "${EDGE_BUILDER:?debian or osbuild}"

# builder VERB: JSON on stdin, JSON on stdout; adds the paths that every verb takes
builder() {
  jq -c --arg stateDir "$STATE_DIR" --arg cacheDir "$CACHE_DIR" '. + {$stateDir, $cacheDir}' |
    "assets/builders/$EDGE_BUILDER/$1"
}
