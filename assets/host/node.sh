#!/usr/bin/env bash
# Runs one of the project's TypeScript programs as root: node.sh PROGRAM VERB...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/caller.sh
. assets/host/lib/caller.sh
# shellcheck source=assets/host/lib/root.sh
. assets/host/lib/root.sh
become_root "$@"
exec node --import tsx "$@"
