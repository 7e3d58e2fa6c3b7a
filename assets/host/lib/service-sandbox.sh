# shellcheck shell=bash
# What a service may see and do: it runs as its own user without any capability, and its file system is this host's /usr
# and the folders that it is given, at fixed places. So the state directory and the project may be in a folder that is
# private to its owner, and no service can read what is not for it. Both managers start it the same way. Needs log.sh.

# sandbox USER [ro|rw SOURCE PLACE]...: sets SANDBOX, the command that a service's own follows, and SERVICE_MOUNTS for
# service.sh. rw are folders and files that the service writes to.
sandbox() {
  local user=$1 name
  shift
  SANDBOX=(bwrap --unshare-pid --unshare-ipc --unshare-uts)
  for name in /usr /bin /sbin /lib /lib32 /lib64 /libx32; do
    if [[ -L $name ]]; then
      SANDBOX+=(--symlink "$(readlink "$name")" "$name")
    elif [[ -d $name ]]; then
      SANDBOX+=(--ro-bind "$name" "$name")
    fi
  done
  declare -A SANDBOX_FOLDERS=()
  sandbox_parents /etc
  SANDBOX+=(--ro-bind-try /etc/ld.so.cache /etc/ld.so.cache --proc /proc --dev /dev --tmpfs /tmp)
  # shellcheck disable=SC2034 # service.sh reads it
  SERVICE_MOUNTS=()
  while (($#)); do
    sandbox_parents "${3%/*}"
    if [[ $1 == rw ]]; then SANDBOX+=(--bind "$2" "$3"); else SANDBOX+=(--ro-bind "$2" "$3"); fi
    # A file that is only read is written anew at each apply; a folder is the same one as long as it is there.
    [[ $1 == ro && -f $2 ]] || SERVICE_MOUNTS+=("$2")
    shift 3
  done
  # These three only for setpriv, which gives them up. bwrap makes /tmp for root alone, and older ones know no mode.
  # shellcheck disable=SC2016 # expands in the sandbox
  SANDBOX+=(--cap-add CAP_SETUID --cap-add CAP_SETGID --cap-add CAP_SETPCAP --chdir /
    sh -c 'chmod 1777 /tmp && exec "$@"' sh setpriv --reuid="$(id -u "$user")" --regid="$(id -g "$user")" --clear-groups --no-new-privs
    --bounding-set=-all --inh-caps=-all)
}

# sandbox_parents FOLDER: makes it and those above it; what bwrap makes by itself only root may enter
sandbox_parents() {
  [[ -n $1 && -z ${SANDBOX_FOLDERS[$1]:-} ]] || return 0
  sandbox_parents "${1%/*}"
  SANDBOX_FOLDERS[$1]=yes
  SANDBOX+=(--dir "$1")
}

# sandbox_try WHAT CMD...: does CMD run in SANDBOX? If not, WHAT cannot start here, and the error says why.
sandbox_try() {
  local words
  words=$("${SANDBOX[@]}" "${@:2}" 2>&1 >/dev/null </dev/null) ||
    die "$1 does not start in its sandbox: ${words:-status $?}; rule: bubblewrap must be allowed to make mounts, and ${2##*/} to run as another user; fix: run the lab on a host, or in a container with CAP_SYS_ADMIN"
}
