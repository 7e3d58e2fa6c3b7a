# shellcheck shell=bash
# Debian packages that the lab needs on its host, from the host's own apt sources.

# The lab runs these packages' services itself, with its own configuration.
DISTRO_SERVICES=(nginx.service docker-registry.service supervisor.service)

missing_packages() {
  local package installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null) || : # fails for an unknown one
  for package in "$@"; do
    [[ $'\n'$installed$'\n' == *$'\n'"ii $package"$'\n'* ]] || echo "$package"
  done
}

# Daemons must not start while packages unpack: a registry on every address, a web server on port 80.
with_policy() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [[ -e $policy ]] && ! grep -q 'edge-lab' "$policy"; then
    "$@"
    return
  fi
  printf '#!/bin/sh\n# edge-lab: for the time of one apt-get run\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  "$@" || status=$?
  rm -f "$policy"
  return "$status"
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
    -o Acquire::http::Timeout=30 -o APT::Install-Recommends=false "$@"
}

# A killed run may have left packages half configured.
mend_dpkg() { [[ -z $(dpkg --audit) ]] || run_logged packages with_policy dpkg --configure -a; }

# install_packages NAME...
install_packages() {
  local missing service
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  say packages "installing ${#missing[@]} of $# from the host's apt sources (about 1 minute): ${missing[*]}"
  mend_dpkg
  run_logged packages apt update
  run_logged packages with_policy apt install "${missing[@]}"
  [[ -d /run/systemd/system ]] || return 0
  for service in "${DISTRO_SERVICES[@]}"; do
    [[ " ${missing[*]/%/.service} " != *"${service/nginx.service/nginx-light.service}"* ]] ||
      systemctl disable --quiet --now "$service"
  done
}
