# shellcheck shell=bash
# From a flattened package tree to the layout of an ostree commit. The files are hard links into caches: this
# only moves, removes or replaces them. Needs WORK, LOG.

# ostree_layout TREE
ostree_layout() {
  kernel_in_place "$1"
  mkdir -p "$1/usr/lib/sysimage"
  # The package database is part of the system: read-only, and comparable between commits.
  mv "$1/var/lib/dpkg" "$1/usr/lib/sysimage/dpkg"
  rm -f "$1"/usr/lib/sysimage/dpkg/{*-old,lock,lock-frontend,triggers/Lock}
  # shellcheck disable=SC2016 # dpkg-query expands it
  chroot "$1" dpkg-query --admindir=/usr/lib/sysimage/dpkg -W -f '${Package}\t${Version}\t${Architecture}\n' \
    >"$1/usr/lib/sysimage/packages.list"
  sysusers_pins "$1"
  var_as_tmpfiles "$1"
  top_level "$1"
}

# kernel_in_place TREE: where libostree looks for the kernel (and the initramfs)
kernel_in_place() {
  local kernel
  kernel=$(kernel_version "$1")
  mv "$1/boot/vmlinuz-$kernel" "$1/usr/lib/modules/$kernel/vmlinuz"
  mv "$1/boot/config-$kernel" "$1/usr/lib/modules/$kernel/config"
}

kernel_version() {
  local versions
  mapfile -t versions < <(cd "$1/usr/lib/modules" && printf '%s\n' * | sort -V)
  printf '%s\n' "${versions[-1]}"
}

# sysusers_pins TREE: a device merges its own /etc, so users that later commits add must come from sysusers,
# with the numbers that they have in the image's files
sysusers_pins() {
  {
    awk -F: '$1 != "root" { printf "g %s %s\n", $1, $3 }' "$1/etc/group"
    awk -F: '$1 != "root" { gsub(/"/, "", $5); printf "u %s %s:%s \"%s\" %s %s\n", $1, $3, $4, $5, $6, $7 }' "$1/etc/passwd"
  } >"$1/usr/lib/sysusers.d/zz-edge-pins.conf"
}

# Files under /var that a device creates again are its own state, not the image's.
VAR_DROPPED='/^\/var\/(lib\/(pam|ucf|dbus|systemd|apt|dracut|wtmpdb)\/|lib\/shells\.state|log\/|cache\/)/d'

# var_as_tmpfiles TREE: /var is empty in a commit; tmpfiles.d makes its directories, links and files
var_as_tmpfiles() {
  local conf=$1/usr/lib/tmpfiles.d/edge-var.conf file dir
  {
    echo '# made by compose from the packages'"'"' /var'
    echo 'L /var/lib/dpkg - - - - ../../usr/lib/sysimage/dpkg'
    for dir in home opt srv mnt usrlocal; do echo "d /var/$dir 0755 root root -"; done
    echo 'd /var/roothome 0700 root root -'
    echo 'd /var/log/journal 2755 root systemd-journal -'
    cd "$1" || exit
    find var -mindepth 1 -type d -printf 'd /%p %#m %U %G -\n' | owners_by_name "$1" |
      sed -E '/^d \/var\/(tmp|opt|run|lock|home|srv|mnt|cache\/apt|lib\/apt|log\/journal)[ \/]/d' | LC_ALL=C sort
    find var -type l -printf 'L /%p - - - - %l\n' | sed -E '/^L \/var\/(run|lock) /d' | LC_ALL=C sort
    find var -type f -printf '/%p\n' | sed -E "$VAR_DROPPED" | LC_ALL=C sort | while IFS= read -r file; do
      mkdir -p "usr/share/factory${file%/*}"
      mv "${file#/}" "usr/share/factory$file"
      printf 'C %s - - - -\n' "$file"
    done
  } >"$conf.new"
  mv "$conf.new" "$conf"
}

# owners_by_name TREE: tmpfiles.d lines on stdin with the tree's names for the numbers in columns 4 and 5: a device that
# has merged its own /etc may have other numbers
owners_by_name() {
  awk -v passwd="$1/etc/passwd" -v group="$1/etc/group" '
    function names(file, into,  line, part) { while ((getline line < file) > 0) { split(line, part, ":"); into[part[3]] = part[1] } }
    BEGIN { names(passwd, user); names(group, of) }
    { if ($4 in user) $4 = user[$4]; if ($5 in of) $5 = of[$5]; print }'
}

# top_level TREE: only links into /usr and /var, and empty mount points, remain at /
top_level() {
  (
    cd "$1" || exit
    rm -rf home root opt srv mnt media var run tmp proc sys dev boot usr/local
    mkdir sysroot var run proc sys dev tmp boot
  )
  chmod 1777 "$1/tmp"
  local dir
  for dir in home opt srv mnt; do ln -s "var/$dir" "$1/$dir"; done
  ln -s var/roothome "$1/root"
  ln -s run/media "$1/media"
  ln -s ../var/usrlocal "$1/usr/local"
  ln -s sysroot/ostree "$1/ostree"
  mv "$1/etc" "$1/usr/etc"
}
