# shellcheck shell=bash
# Blueprints on the image builder: pushed with their own version, checked, and put back where they do not hold.
# Needs common.sh, composer.sh.

# top_level KEY TOML: a string before the first table
top_level() {
  sed -n -e '/^[[:space:]]*\[/q' -e "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*[\"']\([^\"']*\)[\"'].*/\1/p" <<<"$2" | head -n 1
}

# package_pin NAME TOML: the version that the blueprint asks for
package_pin() {
  awk -v name="name = \"$1\"" '
    /^\[/ { here = 0 }
    $0 == name { here = 1 }
    here && /^version = / { gsub(/^version = "|"$/, ""); print; exit }' <<<"$2"
}

# blueprint_remove NAME: one that is not there is no error
blueprint_remove() {
  composer blueprints delete "$1" || [[ $COMPOSER_ERROR == *[Uu]nknown* || $COMPOSER_ERROR == *"doesn't exist"* ]] ||
    die "blueprint $1 cannot be removed: $COMPOSER_ERROR; fix: $DAEMON_FIX"
}

# blueprint_push NAME FILE: a push over a blueprint of the same version counts its version up, so it is removed first.
# The client takes a blank or a comma in a path for the end of it: the file gets a plain name beside it.
blueprint_push() {
  blueprint_remove "$1"
  cp "$2" "$WORK/push.toml"
  composer blueprints push push.toml
}

# Sets PACKAGES, how many the blueprint comes to; status 1 with COMPOSER_ERROR when they cannot be had together.
blueprint_depsolve() {
  composer blueprints depsolve "$1" || return 1
  PACKAGES=$(jq '[.blueprints[]?.dependencies[]?] | length' <<<"$BODY")
  # Every image has a hundred packages: a reply without any is none.
  ((PACKAGES > 0)) || {
    COMPOSER_ERROR="the reply lists no package"
    return 1
  }
}
