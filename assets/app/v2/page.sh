#!/usr/bin/env bash
# Prints the page of version 2: version 1's, and below it what is new.
set -euo pipefail
"$(dirname "$0")/../v1/page.sh"
cowsay -f tux "Podman auto-update is awesome!"
