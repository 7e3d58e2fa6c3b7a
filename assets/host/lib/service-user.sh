# shellcheck shell=bash
# The users that the lab's services run as, one each: not root, and no user that other programs of this host run as, so
# that none of them can write what another one reads. They belong to the host: its labs share them, and the last lab
# removes them (host-state.sh).

SERVICE_USERS=(edge-lab-web edge-lab-depot edge-lab-registry)

# service_user NAME: makes that user, with a group of the same name, unless it is there. Needs log.sh.
service_user() {
  local group=--user-group
  getent passwd "$1" >/dev/null && return 0
  ! getent group "$1" >/dev/null || group="--gid=$1"
  # Another script may do the same at this moment: what counts is that the user is there.
  run_logged service-users useradd --system "$group" --no-create-home --home-dir=/nonexistent \
    --shell="$(command -v nologin || echo /bin/false)" --comment="Edge Lab's services" "$1" ||
    getent passwd "$1" >/dev/null ||
    die "user $1 is not there and could not be made; rule: each service runs as a user of its own; fix: what useradd names above"
}

# remove_service_users: those that are there. One that still has a process stays: another lab has it.
remove_service_users() {
  local user
  for user in "${SERVICE_USERS[@]}"; do
    getent passwd "$user" >/dev/null || continue
    if pgrep -u "$user" >/dev/null || ! run_logged service-users userdel "$user"; then
      say host "the user $user stays: a process of another lab runs as it"
    fi
  done
}

# service_folder PATH MODE USER GROUP: makes a folder that a service writes to. What is in it follows only when the
# user is another one than before: a service must not be given what it has linked there. The parent must be root's.
service_folder() {
  mkdir -p "$1"
  [[ $(stat -c %u "$1") == "$(id -u "$3")" ]] || find "$1" -mindepth 1 -exec chown -h "$3:$4" {} +
  chown "$3:$4" "$1"
  chmod "$2" "$1"
}
