#!/usr/bin/env bash
# Runs a verb of `npm run lab` on the lab's host when that is not the caller's: remote-verb.sh STACK PARCEL WORD...
# PARCEL is the id of a file that the caller has sent before: its configuration besides the stack file, as JSON. On a
# command line every user of the host could read it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH=$PWD/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
export LC_ALL=C.UTF-8
unset LANGUAGE
umask 022
export EDGE_IS_LAB_HOST=1 EDGE_LAB_CACHE=/var/cache/edge-lab PULUMI_STACK=$1
EDGE_OVERRIDES=$(<"parcels/$2")
export EDGE_OVERRIDES
shift 2
exec node --import tsx cli/main.ts "$@"
