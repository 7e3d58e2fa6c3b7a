# shellcheck shell=bash
# A script's answer: one compact JSON line on stdout.

# result [--arg KEY TEXT | --argjson KEY JSON]...
result() { jq -cn "$@" '$ARGS.named'; }
