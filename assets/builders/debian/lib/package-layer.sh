# shellcheck shell=bash
# A release with a parent: installs and removes the difference on the parent's tree, with the package lists
# of its base, so that nothing else changes. Needs BUILD, CACHE, WORK, layers.sh, apt.sh.

# package_difference PARENT: "install SPEC" and "remove NAME" lines from the parent's list to this one
package_difference() {
  local before=$BUILD/$1/requested after
  after=$(package_specs | sort)
  LC_ALL=C comm -13 <(sort "$before") <(printf '%s\n' "$after" | sed '/^$/d') | sed 's/^/install /'
  {
    LC_ALL=C comm -23 <(sort "$before") <(printf '%s\n' "$after" | sed '/^$/d')
    jq -r '.removePackages // [] | .[] | if type == "object" then .name else . end' <<<"$INPUT"
  } | sed 's/=.*//' | sort -u | while read -r name; do
    # A changed version is an install, not a removal.
    [[ $'\n'$after$'\n' == *$'\n'"$name"[=$'\n']* ]] || printf 'remove %s\n' "$name"
  done
}

# package_layer VERSION DIFFERENCE_FILE CHAIN_FILE: makes S/build/VERSION.tmp/layer
package_layer() {
  local upper=$BUILD/$1.tmp/layer at=$WORK/merged base
  base=$(head -n 1 "$3")
  mount_layer "$3" "$upper" "$at"
  apt_enter "$at" "${base#base-}"
  with_kernel_mounts "$at" apt_change "$at" "$2"
  apt_leave "$at"
  unmount_layer "$upper" "$at"
}

# apt_enter ROOT BASE_KEY: name resolution, no service starts, the base's apt lists
apt_enter() {
  local lists=$CACHE/debian/base-$2/lists
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod 755 "$1/usr/sbin/policy-rc.d"
  touch "$WORK/resolv.conf"
  [[ ! -r /etc/resolv.conf ]] || cp -L /etc/resolv.conf "$WORK/resolv.conf"
  rm -f "$1/etc/resolv.conf"
  touch "$1/etc/resolv.conf"
  mount --bind "$WORK/resolv.conf" "$1/etc/resolv.conf"
  apt_network_options >"$1/etc/apt/apt.conf.d/90edge-network"
  mkdir -p "$lists" "$CACHE/debian/archives/partial"
  mount --bind "$lists" "$1/var/lib/apt/lists"
  mount --bind "$CACHE/debian/archives" "$1/var/cache/apt/archives"
}

apt_leave() {
  umount "$1/var/cache/apt/archives" "$1/var/lib/apt/lists" "$1/etc/resolv.conf"
  rm -f "$1/usr/sbin/policy-rc.d" "$1/etc/apt/apt.conf.d/90edge-network" "$1/etc/resolv.conf" \
    "$1"/var/cache/apt/*.bin
  ln -s ../run/systemd/resolve/stub-resolv.conf "$1/etc/resolv.conf"
}

# apt_change ROOT DIFFERENCE_FILE
apt_change() {
  local install remove
  mapfile -t install < <(sed -n 's/^install //p' "$2")
  mapfile -t remove < <(sed -n 's/^remove //p' "$2" | installed_only "$1")
  if ((${#install[@]} > 0)) && ! apt_in "$1" install "${install[@]}"; then
    say "the base's package lists no longer serve: fetching new ones"
    logged chroot "$1" apt-get -q update
    apt_in "$1" install "${install[@]}"
  fi
  ((${#remove[@]} == 0)) || apt_in "$1" purge --autoremove "${remove[@]}"
}

apt_in() {
  logged env INITRD=No DEBIAN_FRONTEND=noninteractive chroot "$1" apt-get -q -y --no-install-recommends \
    -o APT::Keep-Downloaded-Packages=true -o APT::Sandbox::User=root "${@:2}"
}

# installed_only ROOT: those names on stdin that ROOT has installed
installed_only() {
  local name
  while read -r name; do
    # shellcheck disable=SC2016 # dpkg-query expands it
    if chroot "$1" dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed; then
      printf '%s\n' "$name"
    fi
  done
}
