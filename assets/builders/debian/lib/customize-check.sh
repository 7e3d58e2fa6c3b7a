# shellcheck shell=bash
# The forms of the blueprint's texts. Whoever asks has checked them too, but this runs as root on what it is given.
# Needs here, INPUT.

# check_customizations: ends the verb if a text does not have its form
check_customizations() {
  local bad
  bad=$(jq -r -f "$here/lib/customizations.jq" <<<"$INPUT" | sort -u | paste -sd' ') ||
    die "customizations: not in the form of a blueprint's"
  [[ -z $bad ]] || die "customizations: not in their form: $bad; rule: one line, and the characters of the reference; fix: correct the blueprint"
}
