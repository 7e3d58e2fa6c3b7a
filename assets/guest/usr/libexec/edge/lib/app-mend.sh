# shellcheck shell=bash
# shellcheck disable=SC2153 # what app-update sets
# Makes an app work again that did not start: a power loss may leave files of its image short, or podman's storage
# unreadable. First its image is fetched anew with all of its layers; if that is not enough, or podman fails at
# everything, the user's whole container storage. Needs app-update's names and functions.

STORAGE=${XDG_DATA_HOME:-$HOME/.local/share}/containers/storage
# Image, then storage; when both were tried, again after this many seconds.
REMEDY_SECONDS=${EDGE_APP_REMEDY_SECONDS:-1800}

# mending TEXT: what is done about an app that failed, for the reports.
mending() {
  ! edge_is "$MARKS/app-mending" "$1" || return 0
  edge_put "$MARKS/app-mending" "$1"
  edge_log 4 "the app does not start: $1"
}

app_broken() {
  [[ -e $MARKS/app-broken ]]
}

# mended HOW: until the app has come up, a trial proves nothing a second time.
mended() {
  : >"$MARKS/app-mended"
  rm -f "$MARKS/app-broken" "$MARKS/app-mending"
  edge_log 5 "$1"
}

# Sets IMAGE_HERE: yes, no, late, as on a busy device, or error, with podman's words in PODMAN_SAYS.
find_image() {
  local rc=0
  PODMAN_SAYS=$(timeout 120 podman image exists "$IMAGE" 2>&1) || rc=$?
  case $rc in
    0) IMAGE_HERE=yes ;;
    1) IMAGE_HERE=no ;;
    124 | 137) IMAGE_HERE=late ;;
    *) IMAGE_HERE=error ;;
  esac
  edge_tail PODMAN_SAYS "${PODMAN_SAYS##*$'\n'}" 120
}

# Sets REMEDY, the next one to try: image, storage or none; and notes that it is tried.
next_remedy() {
  local last="" when=0 floor=${1:-image}
  REMEDY=image
  edge_uptime
  if [[ -r $MARKS/app-remedy ]]; then
    read -r last when <"$MARKS/app-remedy" || :
    [[ $when =~ ^[0-9]{1,9}$ ]] || when=0
    if ((UPTIME - when < REMEDY_SECONDS)); then
      [[ $last == image ]] && REMEDY=storage || REMEDY=none
    fi
  fi
  [[ $REMEDY != image ]] || REMEDY=$floor
  [[ $REMEDY == none ]] || edge_put "$MARKS/app-remedy" "$REMEDY $UPTIME"
}

stop_app() {
  timeout 60 systemctl --user stop container-httpd-proxy.service container-httpd.service ||
    edge_log 4 "the app's units could not be stopped"
}

# Is podman's storage damaged, by its own check (podman-system-check(1), since 5.0; an older one finds nothing)? If so,
# removes images with damaged layers, and their containers. Once a boot: it takes half a minute under emulation.
repair_storage() {
  local version damage
  [[ ! -e $MARKS/app-repaired ]] || return 1
  version=$(timeout 60 podman version --format '{{.Client.Version}}') || return
  [[ $version =~ ^([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 5)) || return
  ! damage=$(timeout 300 podman system check --quick 2>&1) || return
  edge_log 3 "podman system check: ${damage:0:600}"
  : >"$MARKS/app-repaired"
  timeout 600 podman system check --quick --repair --force >/dev/null || edge_log 4 "podman could not repair its storage"
}

# Removes the app's images with their layers, those of earlier ones too: a pull takes layers that are here as good.
drop_image() {
  local ids
  ids=$(timeout 120 podman images --quiet --no-trunc --filter "reference=$EDGE_REGISTRY/$NAME") || return
  # shellcheck disable=SC2086 # one word per image
  [[ -z $ids ]] || timeout 120 podman rmi --force --ignore $ids >/dev/null || return
  timeout 120 podman image prune --force >/dev/null
}

# Sets the user's container storage aside, with what podman keeps about it until the next boot. Moving needs no podman;
# removing does, because files in it belong to the containers' users.
drop_storage() {
  local pause="" name=""
  edge_log 3 "podman's storage is given up: all of its images and containers go, and the app's is fetched anew"
  stop_app
  [[ ! -e $STORAGE ]] || mv -T -- "$STORAGE" "$STORAGE.damaged.$$" || return
  # This process holds the old storage's mounts. Its number may be anybody's by now.
  if [[ -r $XDG_RUNTIME_DIR/libpod/tmp/pause.pid ]]; then
    read -r pause <"$XDG_RUNTIME_DIR/libpod/tmp/pause.pid" || :
    [[ ! $pause =~ ^[0-9]{1,7}$ ]] || edge_read name "$ROOT/proc/$pause/comm"
    case $name in catatonit | podman*) kill "$pause" || edge_log 4 "podman's pause process stays" ;; esac
  fi
  rm -rf -- "$XDG_RUNTIME_DIR/containers" "$XDG_RUNTIME_DIR/libpod/tmp" "${STORAGE%/*}/cache" ||
    edge_log 4 "podman's files of this boot could not all be removed"
  remove_damaged
}

remove_damaged() {
  local path
  for path in "$STORAGE".damaged.*; do
    [[ -e $path ]] || continue
    timeout 300 podman unshare rm -rf -- "$path" ||
      edge_log 4 "what was set aside in $path could not be removed: tried again later"
  done
}

# Fetches the app's image and tries it: what the tag names, but not an image that was refused here.
fetch_and_try() {
  local good
  edge_read good "$STORE/image"
  if [[ -n $good ]] && edge_is "$STORE/refused" "$DIGEST"; then
    timeout 600 podman pull --quiet "$EDGE_REGISTRY/$NAME@$good" >/dev/null || return
    timeout 60 podman tag "$EDGE_REGISTRY/$NAME@$good" "$IMAGE" || return
  else
    timeout 600 podman pull --quiet "$IMAGE" >/dev/null || return
    edge_put "$STORE/image" "$DIGEST"
  fi
  trial "$IMAGE" || return
  mended "the app starts again, from an image that was fetched anew"
}

# The registry answers with DIGEST, or nothing is removed: what is here may still be good.
apply_remedy() {
  next_remedy "$1"
  case $REMEDY in
    image)
      mending "its image is removed with its layers and fetched anew"
      stop_app
      drop_image || edge_log 4 "the image could not be removed"
      ;;
    storage)
      mending "podman's storage is removed, and its image fetched anew"
      drop_storage || edge_log 4 "the storage could not be set aside"
      ;;
    none) return 0 ;;
  esac
  fetch_and_try || mending "its image was fetched anew ($REMEDY), and it still does not start"
}

# Is a start under way that may still succeed?
app_coming() {
  [[ $(systemctl --user show --property=SubState --value container-httpd.service) == start-post ]]
}

# After a failed start keepalived considers this device unfit; it is fit again once the image runs in a trial.
mend() {
  remove_damaged
  app_broken && ! app_coming || return 0
  find_image
  if [[ $IMAGE_HERE == late ]]; then
    mending "podman does not answer: tried again later"
    return 0
  fi
  if [[ $IMAGE_HERE == yes && ! -e $MARKS/app-mended ]] && trial "$IMAGE"; then
    mended "the app starts again"
  fi
  # It may also have come up by itself meanwhile.
  app_broken || return 0
  # Podman may fail because the disk is full, as the reports say it: sourced only here, on the way to a remedy.
  # shellcheck source-path=SCRIPTDIR/..
  . "$here/lib/problems.sh"
  read_free
  if ((FREE_MIB < FULL_MIB)); then
    mending "the disk is full: nothing is removed or fetched before there is room"
    return 0
  fi
  if ! find_digest; then
    mending "the registry does not answer, so its image cannot be fetched anew: tried again later"
    return 0
  fi
  case $IMAGE_HERE in
    yes) apply_remedy image ;;
    error)
      edge_log 3 "podman fails: $PODMAN_SAYS"
      apply_remedy storage
      ;;
    no) fetch_and_try || apply_remedy storage ;;
  esac
}
