#!/usr/bin/env bash
# Runs a program of the project on the lab's host where that is another one: remote.sh PROGRAM VERB... The program's
# EDGE_ variables and its standard input go with it; EDGE_REMOTE says how to get there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec node --import tsx operations/remote/main.ts "$@"
