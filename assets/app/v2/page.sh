#!/usr/bin/env bash
# Prints the page of version 2: version 1's with the news below.
set -euo pipefail
"$(dirname "$0")/../v1/page.sh"
text="Podman auto-update is awesome!"
if command -v cowsay >/dev/null; then cowsay -f tux "$text"; else printf '< %s >\n' "$text"; fi
