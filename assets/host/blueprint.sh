#!/usr/bin/env bash
# Hands a blueprint to the image builder, which checks it. apply reads {"blueprint": TOML} on stdin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/prologue.sh
. assets/host/lib/prologue.sh
# shellcheck source=assets/host/lib/builder.sh
. assets/host/lib/builder.sh

apply() { builder push-blueprint; }

destroy() { :; } # the builder keeps blueprints inside the state directory

status() { builder list-types <<<"{}"; }

run_verb "$@"
