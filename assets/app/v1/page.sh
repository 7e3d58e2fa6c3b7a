#!/usr/bin/env bash
# Prints the page of version 1.
set -euo pipefail
figlet "RHEL for Edge"
