# shellcheck shell=bash
# The verdict of each boot, with the output of what failed, in /var: it outlives a rollback.

HEALTH_CHECKS=()

health_file() {
  printf '%s/health/%s.json' "$STATE" "$(edge_boot_id)"
}

# health_record KIND NAME RC OUTPUT: KIND is required.d or wanted.d. Only failures carry their output.
health_record() {
  local output=""
  (($3 == 0)) || output=$(edge_tail "$4" 2000)
  HEALTH_CHECKS+=("${1%.d}" "$2" "$3" "$output")
}

# health_verdict green|red
health_verdict() {
  local file
  file=$(health_file)
  mkdir -p "${file%/*}"
  [[ -s $file ]] || printf '{"bootId":"%s","commit":"","version":"","checks":[]}\n' "$(edge_boot_id)" >"$file"
  # shellcheck disable=SC2016 # jq's own variables
  jq -c --arg result "$1" --argjson uptime "$(edge_uptime)" \
    '. + {result: $result, uptime: $uptime, checks: [$ARGS.positional | _nwise(4) |
      {kind: .[0], name: .[1], rc: (.[2] | tonumber), output: .[3]}]}' \
    "$file" --args -- "${HEALTH_CHECKS[@]}" >"$file.new"
  mv -f "$file.new" "$file"
  sync -f "$file"
  edge_put "$RUN/health" "$1" || true
  health_prune
}

# Has this boot a verdict? A red device takes an update as well: it may be what mends it.
boot_judged() {
  [[ $(edge_value "$RUN/health" pending) != pending ]]
}

# And no further attempt is to come: a red verdict while the boot counter is armed means a reboot.
boot_settled() {
  boot_judged && [[ $(edge_value "$RUN/health" pending) == green || -z $(grubenv_get boot_counter) ]]
}

# The newest twenty boots are kept.
health_prune() {
  local file count=0
  while IFS= read -r file; do
    count=$((count + 1))
    ((count <= 20)) || rm -f -- "$file"
  done < <(ls -1t -- "$STATE"/health/*.json)
}
