# shellcheck shell=bash
# One request to the app on loopback, without a new process: those are expensive on an emulated device.

# answers PORT SECONDS [all]: does the app answer within that time? Sets STATUS to its status line, empty without one;
# with "all" reads to the answer's end. To be run where a failing command does not end the script: a server that closes
# early means no answer, not an error. The app's own log leaves these requests out, by their agent.
answers() {
  local rest
  STATUS=""
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET / HTTP/1.0\r\nHost: localhost\r\nUser-Agent: edge-check\r\n\r\n' >&3
  IFS= read -r -t "$2" STATUS <&3
  [[ -z $STATUS || -z ${3:-} ]] || IFS= read -r -t "$2" -d '' rest <&3
  exec 3>&-
  # Any answer but a server error counts: the page is the app's business.
  [[ $STATUS =~ ^HTTP/1\.[01]\ [1-4][0-9][0-9] ]]
}

# app_broken_because DIRECTORY WHY: this device cannot serve the app now.
app_broken_because() {
  printf '%s\n' "$2" >"$1/app-broken.new"
  mv -f "$1/app-broken.new" "$1/app-broken"
}
