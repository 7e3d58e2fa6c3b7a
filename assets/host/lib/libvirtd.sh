# shellcheck shell=bash
# libvirtd, with or without systemd. The lab stops what it started.

LIBVIRTD_MARK=$STATE_DIR/host/libvirtd-started

libvirtd_answers() { timeout "${1:-60}" virsh -q -c "$EDGE_LIBVIRT_URI" version >/dev/null 2>&1; }

libvirtd_drift() {
  tools virsh timeout || return
  libvirtd_answers 2 || {
    drift "libvirtd does not answer"
    return 1
  }
}

# The daemon's pid file may be stale: compare it with the process.
pid_in() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ && $(cat "/proc/$pid/comm" 2>/dev/null) == "$2" ]] && echo "$pid"
}

# A zombie has ended too: its adoptive parent may take a while to reap it.
has_ended() { [[ ! -d /proc/$1 || $(cat "/proc/$1/stat" 2>/dev/null) == *") Z "* ]]; }

libvirtd_apply() { libvirtd_answers || libvirtd_start; }

# One at a time: two labs may find it down at once. The daemon must not inherit the lock.
libvirtd_start() (
  exec 5</run
  flock -w 120 5 || die "another run has been starting libvirtd for 120 s"
  ! libvirtd_answers || exit 0
  mkdir -p "${LIBVIRTD_MARK%/*}"
  say libvirtd "starting"
  date +%s >"$LIBVIRTD_MARK"
  if [[ -d /run/systemd/system ]]; then
    if systemctl cat virtqemud.socket >/dev/null 2>&1; then
      # One daemon per driver, as on RHEL 9 and Fedora.
      systemctl start virt{qemu,network,storage,nodedev,log}d.socket
    else
      systemctl start libvirtd.service virtlogd.socket
    fi
  else
    pid_in /run/virtlogd.pid virtlogd >/dev/null || run_logged libvirtd setsid virtlogd -d 5<&-
    pid_in /run/libvirtd.pid libvirtd >/dev/null || run_logged libvirtd setsid libvirtd -d 5<&-
  fi
  wait_until 90 libvirtd_answers || die "libvirtd does not answer at $EDGE_LIBVIRT_URI after 90 s; see $STATE_DIR/log/libvirtd.log"
)

# libvirtd_hand_over: passes the mark to the other labs, which need the daemon; the last one stops it. Needs labs.sh.
libvirtd_hand_over() {
  [[ -e $LIBVIRTD_MARK ]] || return 0
  local dir
  while read -r dir; do
    mkdir -p "$dir/host"
    [[ -e $dir/host/${LIBVIRTD_MARK##*/} ]] || cp "$LIBVIRTD_MARK" "$dir/host/"
  done < <(other_states)
  rm -f "$LIBVIRTD_MARK"
}

# libvirtd_reload: reloads its settings, which also sets its networks' firewall rules again
libvirtd_reload() {
  local pid
  if [[ ! -d /run/systemd/system ]]; then
    pid=$(pid_in /run/libvirtd.pid libvirtd) && kill -HUP "$pid"
  elif systemctl --quiet is-active virtnetworkd.service || systemctl cat virtnetworkd.socket >/dev/null 2>&1; then
    systemctl reload-or-restart virtnetworkd.service
  else
    systemctl reload-or-restart libvirtd.service
  fi
}

# libvirtd_restart: guests and networks keep running, because they do not end with the daemon
libvirtd_restart() {
  local pid
  if [[ ! -d /run/systemd/system ]]; then
    if pid=$(pid_in /run/libvirtd.pid libvirtd); then
      kill "$pid"
      wait_until 15 has_ended "$pid" || kill -KILL "$pid"
    fi
    run_logged libvirtd setsid libvirtd -d
  elif systemctl cat virtnetworkd.socket >/dev/null 2>&1; then
    systemctl restart virtnetworkd.service
  else
    systemctl restart libvirtd.service
  fi
  wait_until 90 libvirtd_answers || die "libvirtd does not answer at $EDGE_LIBVIRT_URI after its restart"
}

libvirtd_destroy() {
  [[ -e $LIBVIRTD_MARK ]] || return 0
  if [[ -d /run/systemd/system ]]; then
    if systemctl cat virtqemud.socket >/dev/null 2>&1; then
      systemctl stop virt{qemu,network,storage,nodedev}d.{socket,service}
    else
      systemctl stop libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket
    fi
  else
    local name pid
    for name in libvirtd virtlogd; do
      pid=$(pid_in "/run/$name.pid" "$name") || continue
      kill "$pid"
      wait_until 15 has_ended "$pid" || kill -KILL "$pid"
    done
  fi
  rm -f "$LIBVIRTD_MARK"
}
