# shellcheck shell=bash
# The guest files as a package in a repository of the lab's, added to the image builder: blueprints cannot carry files
# below /usr (osbuild/images, pkg/policies/policies.go). Needs common.sh, composer.sh, sign.sh; here, STATE, WORK.

GUEST_SOURCE=edge-lab

# shared_files: lines "FILE PLACE" for what guest/shared-files names
shared_files() {
  local from=$here/../../guest path place
  while read -r path place; do
    if [[ $path == */ ]]; then
      [[ -d $from/$path ]] || die "guest/shared-files names $path, which assets/guest does not have"
      (cd "$from" && find "$path" -type f | LC_ALL=C sort | sed 's/.*/& &/')
    else
      [[ -f $from/$path ]] || die "guest/shared-files names $path, which assets/guest does not have"
      printf '%s %s\n' "$path" "${place:-$path}"
    fi
  done < <(grep -vE '^(#|$)' "$here/guest/shared-files")
}

# guest_tree DIR VERSION: the files as in the image. Of the clone's owners, times and modes only the executable bit
# counts, as in git.
guest_tree() {
  local path place
  while read -r path place; do
    mkdir -p "$1/${place%/*}"
    cp "$here/../../guest/$path" "$1/$place"
  done < <(shared_files)
  cp -r "$here/guest/root/." "$1/"
  printf '%s\n' "$2" >"$1/usr/lib/edge/release"
  signing_public "$1"
  find "$1" -type d -exec chmod 755 {} +
  find "$1" -type f -perm /111 -exec chmod 755 {} +
  find "$1" -type f ! -perm /111 -exec chmod 644 {} +
  chmod 440 "$1"/etc/sudoers.d/*
  find "$1" -exec touch -h -d @946684800 {} +
}

# guest_files DIR: for the spec's %files. A device may change files below /etc.
guest_files() {
  printf '%%dir /usr/lib/edge\n%%dir /usr/libexec/edge\n%%dir /usr/libexec/edge/lib\n'
  (cd "$1" && find . -type f -printf '/%P\n' | LC_ALL=C sort | sed 's#^/etc/#%config(noreplace) &#')
}

# guest_units: what the preset enables, without patterns
guest_units() {
  sed -n 's/^enable //p' "$here/guest/root/usr/lib/systemd/system-preset/50-edge-lab.preset" | grep -v '\*' | paste -sd' '
}

# guest_build VERSION RELEASE INTO: rpmbuild splits paths at spaces and expands them, so it runs in a plain one
guest_build() (
  dir=$(mktemp -d /var/tmp/edge-guest.XXXXXX)
  trap 'rm -rf "$dir"' EXIT
  mkdir "$dir/tree"
  guest_tree "$dir/tree" "$1"
  guest_files "$dir/tree" >"$dir/files"
  cp "$here/guest/edge-lab-guest.spec" "$dir/"
  cd "$dir" || return
  logged rpmbuild -bb --quiet --define "_topdir $dir/rpmbuild" --define "_rpmdir $dir" --define "_buildhost edge-lab" \
    --define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" --define "edge_version $1" \
    --define "edge_release $2" --define "edge_tree $dir/tree" --define "edge_files $dir/files" \
    --define "edge_units $(guest_units)" edge-lab-guest.spec
  mv "$dir"/*.rpm "$3/"
)

# guest_package PIN: VERSION-RELEASE as in the blueprint; builds it unless it exists, replacing that version's
guest_package() {
  local version=${1%%-*} release=${1#*-} repo=$STATE/rpms new=$WORK/rpms
  [[ $1 =~ ^[0-9.]+-[0-9]+\.[0-9a-f]+$ ]] || die "the blueprint names edge-lab-guest '$1', which is no VERSION-RELEASE"
  if [[ ! -s $repo/edge-lab-guest-$1.noarch.rpm || ! -s $repo/repodata/repomd.xml ]]; then
    mkdir -p "$new" "$repo"
    guest_build "$version" "$release" "$new"
    rm -f "$repo/edge-lab-guest-$version"-*.rpm
    mv "$new"/*.rpm "$repo/"
    logged createrepo_c --quiet --update "$repo"
  fi
  guest_source "$repo"
  say "package edge-lab-guest $1"
}

# guest_source REPO: the image builder reads it as its own user
guest_source() {
  local url
  url=$(jq -rn --arg p "$1" '"file://" + ($p | split("/") | map(@uri) | join("/")) + "/"')
  chmod -R a+rX "$1"
  printf 'id = "%s"\nname = "%s"\ntype = "yum-baseurl"\nurl = "%s"\ncheck_gpg = false\ncheck_ssl = false\nrhsm = false\n' \
    "$GUEST_SOURCE" "Edge Lab guest files" "$url" >"$WORK/source.toml"
  must "the lab's repository is refused" "$DAEMON_FIX" sources add "$WORK/source.toml"
}
