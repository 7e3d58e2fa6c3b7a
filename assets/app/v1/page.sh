#!/usr/bin/env bash
# Prints the page of version 1.
set -euo pipefail
# Some distributions have figlet in no repository of their own.
if command -v figlet >/dev/null; then figlet "RHEL for Edge"; else printf '\n  *** RHEL for Edge ***\n\n'; fi
