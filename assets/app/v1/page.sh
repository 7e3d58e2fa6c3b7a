#!/usr/bin/env bash
# Prints the page of version 1.
set -euo pipefail
# Some distributions do not package figlet.
if command -v figlet >/dev/null; then figlet "RHEL for Edge"; else printf '\n  *** RHEL for Edge ***\n\n'; fi
