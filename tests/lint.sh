#!/usr/bin/env bash
# Static checks of all files in git, and of new ones: lint.sh [CHECK...]; without a name, all checks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CHECKS=(eslint prettier types imports shellcheck shfmt length swallowed hosts homes leftovers)
NODE=(node --max-old-space-size=3072)
# Generated files: not checked for style or length.
GENERATED='^(sdks/|package-lock\.json$|toolchain/.*(go\.sum|go\.mod|schema\.json|bridge-metadata\.json)$)'

# files: names in git, and new ones that git does not ignore, one per line
files() {
  local file
  while read -r file; do
    [[ ! -f $file || -L $file ]] || echo "$file"
  done < <(git ls-files --cached --others --exclude-standard | LC_ALL=C sort -u)
}

own() { files | grep -vE "$GENERATED"; }

shell_scripts() {
  own | xargs -d '\n' awk 'FNR == 1 { if (FILENAME ~ /\.sh$/ || /^#!.*[\/ ](ba|da)?sh( |$)/) print FILENAME; nextfile }'
}

# none PATTERN WHAT FILES...: fails and prints the matching lines
none() {
  local pattern=$1 what=$2 status=0
  shift 2
  # The patterns below match themselves.
  grep -nIHP "$pattern" "$@" | grep -v '^tests/lint\.sh:' || status=$?
  ((status == 1)) || {
    echo "$what" >&2
    return 1
  }
}

check_eslint() { "${NODE[@]}" node_modules/eslint/bin/eslint.js --max-warnings 0 .; }

check_prettier() {
  own | grep -E '\.(ts|js|mjs|json|ya?ml)$' | xargs -d '\n' "${NODE[@]}" node_modules/prettier/bin/prettier.cjs --check
}

check_types() { "${NODE[@]}" node_modules/typescript/bin/tsc --noEmit --project tsconfig.json; }

# Allowed imports: .dependency-cruiser.mjs.
check_imports() {
  "${NODE[@]}" node_modules/dependency-cruiser/bin/dependency-cruiser.mjs --config .dependency-cruiser.mjs \
    index.ts components lib protocol depot client operations scenarios cli
}

# with_shebang yes|no: the scripts that are run, or those that are sourced
with_shebang() {
  shell_scripts | xargs -d '\n' awk -v want="$1" 'FNR == 1 { if ((/^#!/ ? "yes" : "no") == want) print FILENAME; nextfile }'
}

# Names that a sourced file shares with others look unused or unset in it alone.
check_shellcheck() {
  local status=0
  with_shebang yes | xargs -d '\n' -n 20 -P 2 shellcheck -x || status=1
  with_shebang no | xargs -d '\n' -n 20 -P 2 shellcheck -x -e SC2034,SC2154 || status=1
  return "$status"
}

check_shfmt() { shell_scripts | xargs -d '\n' shfmt -d -i 2 -ci; }

check_length() {
  local long
  long=$({
    own | grep -E '\.(ts|js|mjs|go)$'
    shell_scripts
  } | sort -u | xargs -d '\n' awk 'FNR == 301 { print FILENAME; nextfile }')
  [[ -z $long ]] || {
    printf 'more than 300 lines: split it\n%s\n' "$long" >&2
    return 1
  }
}

check_swallowed() {
  local scripts
  mapfile -t scripts < <({
    own | grep -E '\.ts$'
    shell_scripts
  } | sort -u)
  none '\|\|\s*true\b' 'an error is swallowed: handle it, or say with a test why it does not matter' "${scripts[@]}"
}

check_hosts() {
  local all
  mapfile -t all < <(files)
  none '\b(registry|proxy|deb|security|snapshot|archive|files|pypi|crates|repo\d*|mirrors?)\.([a-z0-9-]+\.)*(org|io|com|net|dev)\b|"resolved": "http' \
    'a package registry or mirror is named: take the one that the host is set up with' "${all[@]}"
}

check_homes() {
  local all
  mapfile -t all < <(files)
  # User core's home is on the devices, not on a build machine.
  none '(?<![\w}"])/(root|Users)/\w|(?<!/var)/home/(?!core\b)\w' "a path of someone's home folder" "${all[@]}"
}

check_leftovers() {
  local all
  mapfile -t all < <(own | grep -v '^LICENSE$')
  none '\b(TODO|FIXME|XXX|HACK)\b' 'unfinished work is marked: finish it, or file an issue' "${all[@]}"
}

main() {
  local check start failed=()
  for check in "${@:-${CHECKS[@]}}"; do
    declare -F "check_$check" >/dev/null || {
      echo "usage: tests/lint.sh [${CHECKS[*]}]" >&2
      exit 2
    }
    start=$SECONDS
    if "check_$check"; then
      echo "ok    $check ($((SECONDS - start)) s)"
    else
      failed+=("$check")
      echo "FAIL  $check"
    fi
  done
  ((${#failed[@]} == 0)) || {
    echo "lint: ${#failed[@]} of $# checks failed: ${failed[*]}" >&2
    return 1
  }
}

[[ $# -gt 0 ]] || set -- "${CHECKS[@]}"
main "$@"
