# shellcheck shell=bash
# Programs and kernel modules of a tree, with their dependencies, for an initramfs.

# install_programs ROOT TREE PROGRAM...: with their linked libraries
install_programs() {
  local root=$1 tree=$2 libraries
  shift 2
  # ldd returns 1 if one of the programs is static.
  libraries=$(chroot "$root" ldd "$@" 2>&1) || [[ $libraries == *'not a dynamic executable'* ]]
  [[ $libraries != *'not found'* ]] || die "libraries are missing: $(grep 'not found' <<<"$libraries" | paste -sd,)"
  {
    printf '%s\n' "$@"
    awk '$2 == "=>" { print $3 } $1 ~ /^\/.*[^:]$/ { print $1 }' <<<"$libraries"
  } | sed -E 's#^/(bin|sbin|lib|lib64)/#/usr/\1/#' | sort -u | while read -r file; do
    mkdir -p "$tree${file%/*}"
    cp -L "$root$file" "$tree$file"
  done
}

# install_modules ROOT TREE KERNEL NAME_OR_DIR...: with dependencies, uncompressed (the archive is compressed
# anyway). Modules built into the kernel need nothing. TREE must have kmod.
install_modules() {
  local from=$1/usr/lib/modules/$3 to=$2/usr/lib/modules/$3 tree=$2 kernel=$3 file
  shift 3
  [[ -s $from/modules.dep ]] || die "$from has no modules.dep: depmod did not run"
  printf '%s\n' "$@" | module_files "$from/modules.dep" | while read -r file; do
    mkdir -p "$to/${file%/*}"
    case $file in
      *.xz) xz -dc "$from/$file" >"$to/${file%.xz}" ;;
      *.zst) zstd -qdc "$from/$file" >"$to/${file%.zst}" ;;
      *) cp "$from/$file" "$to/$file" ;;
    esac
  done
  mkdir -p "$to"
  cp "$from"/modules.{order,builtin,builtin.modinfo} "$to/"
  ln -sf ../bin/kmod "$tree/usr/sbin/depmod"
  chroot "$tree" /usr/sbin/depmod "$kernel"
}

# module_files MODULES_DEP: the files of the modules (or whole directories, with a slash at the end) named on
# stdin, and of all that they need
module_files() {
  awk -v dep="$1" '
    function take(file) { if (!(file in taken)) { taken[file] = 1; print file } }
    BEGIN {
      while ((getline line < dep) > 0) {
        split(line, part, ": *"); need[part[1]] = part[2]
        name = part[1]; sub(/.*\//, "", name); sub(/\.ko.*/, "", name); gsub(/-/, "_", name); path[name] = part[1]
      }
    }
    function with_needs(file,  n, i, d) { take(file); n = split(need[file], d, " "); for (i = 1; i <= n; i++) take(d[i]) }
    /\/$/ { for (file in need) if (index(file, "kernel/" $0) == 1) with_needs(file); next }
    { gsub(/-/, "_"); if ($0 in path) with_needs(path[$0]) }' | LC_ALL=C sort
}
