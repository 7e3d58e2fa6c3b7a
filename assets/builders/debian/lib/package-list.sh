# shellcheck shell=bash
# Package lists: the base list's file, and the blueprint's [{name,version?}] in INPUT. Needs here.

# base_packages: names, one per line
base_packages() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$here/base-packages"; }

# wanted_packages: lines "NAME VERSION", with * for any version. Checks their form.
wanted_packages() {
  local bad
  bad=$(jq -r '.packages // [] | map(select((.name // "" | test("\\A[a-z0-9][a-z0-9.+-]*\\z") | not)
    or (.version // "*" | test("\\A[A-Za-z0-9.+:~*?-]+\\z") | not)) | "\(.name) \(.version // "")") | join(", ")' <<<"$INPUT")
  [[ -z $bad ]] || die "packages: not a Debian package name and version: $bad"
  jq -r '.packages // [] | unique_by(.name)[] | "\(.name) \(.version // "*")"' <<<"$INPUT"
}

# package_specs: the same, as arguments for apt
package_specs() {
  wanted_packages | while read -r name version; do
    if [[ $version == '*' ]]; then printf '%s\n' "$name"; else printf '%s=%s\n' "$name" "$version"; fi
  done
}
