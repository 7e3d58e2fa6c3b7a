# shellcheck shell=bash
# The depot's folder, DIR, is root's. Below it, each folder has one writer:
#
#   config.json, web/, program/   root: what the services are to do
#   admin.sock, api.sock          root: links to the sockets
#   data/                         the depot's user: its state
#   run/                          the depot's user: its sockets; nginx's user may open api.sock
#   access/                       nginx's user: access logs, which the depot reads and removes
#
# Needs log.sh, service.sh, service-user.sh; DIR, WEB_USER, DEPOT_USER.

# depot_folders: makes them, and moves to them what the previous version left elsewhere
depot_folders() {
  local log name
  mkdir -p "$DIR" "$STATE_DIR/log" "$STATE_DIR/releases"
  chown root:root "$DIR"
  chmod 711 "$DIR"
  service_folder "$DIR/data" 700 "$DEPOT_USER" "$DEPOT_USER"
  # The group of a new socket or log is the folder's.
  service_folder "$DIR/run" 2711 "$DEPOT_USER" "$WEB_USER"
  service_folder "$DIR/access" 2770 "$WEB_USER" "$DEPOT_USER"
  depot_move_state
  mkdir -p "$DIR/web"
  chown root:root "$DIR/web"
  # What the previous version had there, in a folder of nginx's user, or an apply that was killed.
  find "$DIR/web" -mindepth 1 -maxdepth 1 ! -name nginx.conf -exec rm -rf {} +
  for name in admin api; do
    [[ $(readlink "$DIR/$name.sock") == "run/$name.sock" ]] || ln -sfT "run/$name.sock" "$DIR/$name.sock"
  done
  for log in "$STATE_DIR"/log/depot.log{,.1}; do
    [[ -e $log ]] || : >"$log"
    chown "$DEPOT_USER:$DEPOT_USER" "$log"
  done
}

# depot_move_state: the state of the previous version, and what its access log has that was not counted yet
depot_move_state() {
  local service
  if [[ -f $DIR/state.json ]]; then
    say depot "moves its state to $DIR/data"
    # nginx first: what it still writes then is counted.
    for service in depot-web depot-api; do ! service_running "$service" || service_stop "$service"; done
    chown root:root "$DIR/web"
    depot_uncounted >"$DIR/uncounted.new"
    chown "$DEPOT_USER:$DEPOT_USER" "$DIR/state.json" "$DIR/uncounted.new"
    # The new depot begins with what is in its folder: this rename is the moment.
    mv -T "$DIR/state.json" "$DIR/data/state.json"
  fi
  # The name is before every other.
  [[ ! -e $DIR/uncounted.new ]] || mv -T "$DIR/uncounted.new" "$DIR/access/0000.log"
}

# depot_uncounted: prints the rest of the previous version's access log from where it was counted: {inode, offset} in
# the state. It is in the log that was put aside, if the depot was about to change over to the new one.
depot_uncounted() {
  local log inode offset
  read -r inode offset < <(jq -r '.log // {} | "\(.inode // 0) \(.offset // 0)"' "$DIR/state.json" 2>/dev/null) || :
  for log in "$DIR"/web/access.log{.1,}; do
    # Nothing but a log: its owner could have linked any file there.
    [[ -f $log && ! -L $log && $(stat -c %h "$log") == 1 ]] || continue
    if [[ $(stat -c %i "$log") == "$inode" ]]; then
      tail -c "+$((offset + 1))" "$log"
    elif [[ $log == *.log ]]; then
      cat "$log"
    fi
  done
}
