#!/usr/bin/env bash
# Runs a program of the project on the lab's host when that is another machine: remote.sh PROGRAM VERB... Passes on the
# program's EDGE_ variables and standard input; EDGE_REMOTE says how to get there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec node --import tsx operations/remote/main.ts "$@"
