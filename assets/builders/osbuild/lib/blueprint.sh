# shellcheck shell=bash
# Blueprints on the image builder: pushed with their own version, checked, and restored if that fails.
# Needs common.sh, composer.sh.

# top_level KEY TOML: a string before the first table
top_level() {
  sed -n -e '/^[[:space:]]*\[/q' -e "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*[\"']\([^\"']*\)[\"'].*/\1/p" <<<"$2" | head -n 1
}

# package_pin NAME TOML: the version that the blueprint requests
package_pin() {
  awk -v name="name = \"$1\"" '
    /^\[/ { here = 0 }
    $0 == name { here = 1 }
    here && /^version = / { gsub(/^version = "|"$/, ""); print; exit }' <<<"$2"
}

# port_names TOML: "NAME PROTOCOL" for each port of the firewall that is given by name. The text is the renderer's own: a
# list of strings on one line.
port_names() {
  sed -n '/^\[customizations\.firewall\]$/,/^\[/ s/^ports = \[\(.*\)\]$/\1/p' <<<"$1" | tr ',' '\n' |
    sed -nE 's/^ *"([0-9-]*[A-Za-z][A-Za-z0-9-]*):([a-z]+)" *$/\1 \2/p'
}

# check_port_names TOML: firewalld resolves them in the image, at the end of a compose; the host has the image's
# distribution, and so its /etc/services
check_port_names() {
  local name protocol unknown=()
  while read -r name protocol; do
    getent services "$name/$protocol" >/dev/null || unknown+=("$name:$protocol")
  done < <(port_names "$1")
  ((${#unknown[@]} == 0)) || die "customizations.firewall.ports: /etc/services has no ${unknown[*]}; fix: write the port's number"
}

# blueprint_remove NAME: a missing one is no error
blueprint_remove() {
  composer blueprints delete "$1" || [[ $COMPOSER_ERROR == *[Uu]nknown* || $COMPOSER_ERROR == *"doesn't exist"* ]] ||
    die "blueprint $1 cannot be removed: $COMPOSER_ERROR; fix: $DAEMON_FIX"
}

# blueprint_push NAME FILE: a push over a blueprint of the same version increments its version, so it is removed first.
# The client ends a path at a blank or comma: push a copy with a plain name.
blueprint_push() {
  blueprint_remove "$1"
  cp "$2" "$WORK/push.toml"
  composer blueprints push push.toml
}

# Sets PACKAGES, the number of the blueprint's packages; status 1 and COMPOSER_ERROR if they cannot be solved.
blueprint_depsolve() {
  composer blueprints depsolve "$1" || return 1
  PACKAGES=$(jq '[.blueprints[]?.dependencies[]?] | length' <<<"$BODY")
  # Every image has a hundred packages: an empty list is no answer.
  ((PACKAGES > 0)) || {
    COMPOSER_ERROR="the reply lists no package"
    return 1
  }
}
