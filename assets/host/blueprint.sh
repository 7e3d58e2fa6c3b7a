#!/usr/bin/env bash
# Hands a blueprint to the image builder, which checks it. apply reads {"blueprint": TOML} on stdin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=assets/host/lib/root.sh
. assets/host/lib/root.sh
become_root "$@"
# shellcheck source=assets/host/lib/paths.sh
. assets/host/lib/paths.sh
# shellcheck source=assets/host/lib/log.sh
. assets/host/lib/log.sh
# shellcheck source=assets/host/lib/result.sh
. assets/host/lib/result.sh
# shellcheck source=assets/host/lib/builder.sh
. assets/host/lib/builder.sh

apply() { builder push-blueprint; }

destroy() { :; } # the builder keeps blueprints inside the state directory

status() { builder list-types <<<"{}"; }

case ${1:-} in
  apply | destroy | status) "$1" ;;
  *) die "usage: blueprint.sh apply|destroy|status" ;;
esac
