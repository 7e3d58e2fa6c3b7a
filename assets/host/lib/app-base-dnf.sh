# shellcheck shell=bash
# The root filesystem of the app image on a host with dnf: httpd from the host's own repositories, under the names that
# the image's Containerfile and configuration use. Needs log.sh, distribution.sh.

# Debian's build has these built in; httpd has them as modules.
APP_MODULES=(unixd log_config)

# app_base_tar BASE_DIR WORK TAR
app_base_tar() {
  local tree=$2/tree name release
  release=$(host_distribution)
  run_logged app-base dnf -y --installroot "$tree" --releasever "${release##*-}" --setopt=install_weak_deps=False \
    --setopt=tsflags=nodocs --setopt="cachedir=$2/dnf" install httpd bash coreutils-single
  rm -rf "$tree"/var/{cache,lib/dnf,log}/*
  mkdir -p "$tree"/{etc/apache2,usr/lib/apache2,var/www/html}
  ln -sfn httpd "$tree/usr/sbin/apache2"
  ln -sfn ../../lib64/httpd/modules "$tree/usr/lib/apache2/modules"
  {
    for name in "${APP_MODULES[@]}"; do printf 'LoadModule %s_module modules/mod_%s.so\n' "$name" "$name"; done
    cat "$1/apache2.conf"
  } >"$tree/etc/apache2/apache2.conf"
  echo 'www-data:x:33:33::/var/www:/bin/false' >>"$tree/etc/passwd"
  echo 'www-data:x:33:' >>"$tree/etc/group"
  [[ -x $tree/usr/sbin/apache2 && -e $tree/usr/lib/apache2/modules/mod_mpm_event.so ]] ||
    die "app image: httpd of this distribution lies elsewhere than expected: see $tree"
  tar -C "$tree" --sort=name --mtime=@0 --numeric-owner -cf "$3" .
}
