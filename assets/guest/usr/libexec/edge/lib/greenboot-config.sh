# shellcheck shell=bash
# /etc/greenboot/greenboot.conf, with the keys that greenboot 0.15 documents (README.md and the comments of its
# etc/greenboot/greenboot.conf). greenboot sources the file; here it is data: whatever a file says that was damaged or
# edited by hand, it runs nothing and ends nothing. Each line that does not hold is a warning, and counts for nothing;
# where it is clear what is meant, that counts. Needs edge.sh; source this before edge_load_env.

GREENBOOT_CONF=$ROOT/etc/greenboot/greenboot.conf
# greenboot takes this one from the environment too.
GREENBOOT_ENVIRONMENT=${GREENBOOT_MAX_BOOT_ATTEMPTS:-}
# What grub.cfg can count down from; system.sh knows better where GRUB can subtract.
GREENBOOT_MOST_ATTEMPTS=${GREENBOOT_MOST_ATTEMPTS:-5}
GREENBOOT_KEYS="GREENBOOT_MAX_BOOT_ATTEMPTS, GREENBOOT_WATCHDOG_CHECK_ENABLED, GREENBOOT_WATCHDOG_GRACE_PERIOD, DISABLED_HEALTHCHECKS"

# greenboot_warn LINE TEXT: keeps the first twenty for greenboot_warnings.
greenboot_warn() {
  local text=${2//[^[:print:]]/?}
  ((${#GREENBOOT_WARNINGS[@]} >= 20)) || GREENBOOT_WARNINGS+=("/etc/greenboot/greenboot.conf${1:+:$1}: ${text:0:300}")
}

# Logs them.
greenboot_warnings() {
  local text
  for text in "${GREENBOOT_WARNINGS[@]}"; do
    edge_log 4 "$text"
  done
}

# greenboot_split TEXT: the words of a list or value, as a shell splits and unquotes them. Sets WORDS, CLOSED where
# a ")" ends them, and WRONG, with status 1, at what is not plain text.
greenboot_split() {
  local text=$1
  WORDS=()
  CLOSED=""
  WRONG=""
  while [[ $text =~ ^[[:space:]]*([^[:space:]].*)$ ]]; do
    text=${BASH_REMATCH[1]}
    [[ $text != '#'* ]] || return 0
    if [[ $text == ')'* ]]; then
      CLOSED=yes
      [[ $text =~ ^\)[[:space:]]*(#.*)?$ ]] && return
    elif [[ $text =~ ^\'([^\']*)\'(.*)$ || $text =~ ^\"([^\"\$\`\\]*)\"(.*)$ ||
      $text =~ ^([A-Za-z0-9_.,:@%+/=~-]+)(.*)$ ]]; then
      WORDS+=("${BASH_REMATCH[1]}")
      text=${BASH_REMATCH[2]}
      [[ ! $text =~ ^[^[:space:]\)] ]] || WRONG=$text
    else
      WRONG=$text
    fi
    if [[ -n $WRONG || -n $CLOSED ]]; then
      WRONG=${WRONG:-$text}
      return 1
    fi
  done
}

# greenboot_disable LINE: the WORDS are names of checks.
greenboot_disable() {
  local word
  for word in "${WORDS[@]}"; do
    DISABLED_HEALTHCHECKS+=("$word")
    GREENBOOT_DISABLED_AT+=("$1")
  done
}

# greenboot_attempts LINE TEXT
greenboot_attempts() {
  if [[ ! $2 =~ ^0*([1-9][0-9]{0,3})$ ]]; then
    greenboot_warn "$1" "GREENBOOT_MAX_BOOT_ATTEMPTS is \"$2\"; rule: a whole number from 1 to $GREENBOOT_MOST_ATTEMPTS; it stays $GREENBOOT_MAX_BOOT_ATTEMPTS"
  elif ((BASH_REMATCH[1] > GREENBOOT_MOST_ATTEMPTS)); then
    greenboot_warn "$1" "GREENBOOT_MAX_BOOT_ATTEMPTS is $2; rule: at most $GREENBOOT_MOST_ATTEMPTS, which is taken"
    GREENBOOT_MAX_BOOT_ATTEMPTS=$GREENBOOT_MOST_ATTEMPTS
  else
    GREENBOOT_MAX_BOOT_ATTEMPTS=${BASH_REMATCH[1]}
  fi
}

# greenboot_value LINE KEY ONE: takes the WORDS of a value that is no list.
greenboot_value() {
  local value=${WORDS[0]:-}
  case $2 in
    DISABLED_HEALTHCHECKS)
      # A shell would take one string as one name, and run what follows the first of several words.
      read -ra WORDS <<<"${WORDS[*]}"
      ((${#WORDS[@]} <= 1)) ||
        greenboot_warn "$1" "DISABLED_HEALTHCHECKS is no list; rule: DISABLED_HEALTHCHECKS=(\"one.sh\" \"two.sh\"); taken as a list of ${#WORDS[@]}"
      greenboot_disable "$1"
      return
      ;;
  esac
  if ((${#WORDS[@]} > 1)); then
    greenboot_warn "$1" "$2 has ${#WORDS[@]} words; rule: one value; the line counts for nothing"
    return 0
  fi
  case $2 in
    GREENBOOT_MAX_BOOT_ATTEMPTS) greenboot_attempts "$1" "$value" ;;
    GREENBOOT_WATCHDOG_CHECK_ENABLED)
      # As greenboot has it: anything else disables the check.
      [[ ${value,,} == true ]] && GREENBOOT_WATCHDOG_CHECK_ENABLED=true || GREENBOOT_WATCHDOG_CHECK_ENABLED=false
      [[ ${value,,} == @(true|false) ]] ||
        greenboot_warn "$1" "$2 is \"$value\"; rule: true or false; taken as false"
      ;;
    GREENBOOT_WATCHDOG_GRACE_PERIOD)
      if [[ $value =~ ^0*([1-9][0-9]{0,5})$ ]]; then
        GREENBOOT_WATCHDOG_GRACE_PERIOD=${BASH_REMATCH[1]}
      else
        greenboot_warn "$1" "$2 is \"$value\"; rule: a whole number of hours, at least 1; it stays $GREENBOOT_WATCHDOG_GRACE_PERIOD"
      fi
      ;;
    *) greenboot_warn "$1" "$2 is no key; rule: $GREENBOOT_KEYS; it counts for nothing" ;;
  esac
}

# greenboot_list LINE KEY TEXT: a line of a list. Clears LIST where the list ends.
greenboot_list() {
  if ! greenboot_split "$3"; then
    greenboot_warn "$1" "not a file name: $WRONG; rule: DISABLED_HEALTHCHECKS=(\"one.sh\" \"two.sh\"); the rest of the line counts for nothing"
    [[ $WRONG != *')'* ]] || CLOSED=yes
  fi
  if [[ $2 == DISABLED_HEALTHCHECKS ]]; then
    greenboot_disable "$1"
  elif [[ -n $CLOSED ]]; then
    greenboot_warn "$1" "$2 is a list; rule: only DISABLED_HEALTHCHECKS is one; it counts for nothing"
  fi
  [[ -z $CLOSED ]] || LIST=""
}

# greenboot_line NUMBER TEXT. LIST is the key of a list that has begun, LIST_AT its line.
greenboot_line() {
  local key more text
  if [[ $2 =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)(\+?)=(.*)$ ]]; then
    key=${BASH_REMATCH[2]} more=${BASH_REMATCH[3]} text=${BASH_REMATCH[4]}
    [[ -z $LIST ]] || greenboot_warn "$LIST_AT" "$LIST is a list without its \")\""
    LIST=""
    if [[ $key == DISABLED_HEALTHCHECKS && -z $more ]]; then
      DISABLED_HEALTHCHECKS=()
      GREENBOOT_DISABLED_AT=()
    fi
    if [[ $text == '('* ]]; then
      LIST=$key LIST_AT=$1
      greenboot_list "$1" "$key" "${text#(}"
    elif ! greenboot_split "$text"; then
      greenboot_warn "$1" "$key: not plain text: $WRONG; rule: KEY=value or KEY=\"value\"; the line counts for nothing"
    else
      greenboot_value "$1" "$key"
    fi
  elif [[ -n $LIST ]]; then
    greenboot_list "$1" "$LIST" "$2"
  elif [[ ! $2 =~ ^[[:space:]]*(#.*)?$ ]]; then
    greenboot_warn "$1" "not an assignment: ${2:0:100}; rule: KEY=value, with one of $GREENBOOT_KEYS; it counts for nothing"
  fi
}

# Sets the four keys, each to a value that can be used, GREENBOOT_WARNINGS, and for every name of
# DISABLED_HEALTHCHECKS its line in GREENBOOT_DISABLED_AT. The attempts are the file's, else the environment's, else
# edge.conf's.
greenboot_config() {
  local line number=0 LIST="" LIST_AT="" text given=${GREENBOOT_MAX_BOOT_ATTEMPTS:-}
  GREENBOOT_WARNINGS=()
  DISABLED_HEALTHCHECKS=()
  GREENBOOT_DISABLED_AT=()
  GREENBOOT_MAX_BOOT_ATTEMPTS=3
  # Without the key greenboot's check is off too.
  # shellcheck disable=SC2034 # for 02_watchdog.sh
  GREENBOOT_WATCHDOG_CHECK_ENABLED=false
  GREENBOOT_WATCHDOG_GRACE_PERIOD=24
  [[ -z $given ]] || greenboot_attempts "" "$given"
  [[ -z $GREENBOOT_ENVIRONMENT ]] || greenboot_attempts "" "$GREENBOOT_ENVIRONMENT"
  [[ -e $GREENBOOT_CONF ]] || return 0
  if [[ ! -f $GREENBOOT_CONF || ! -r $GREENBOOT_CONF ]]; then
    greenboot_warn "" "not a file that can be read; the defaults hold"
    return 0
  fi
  if IFS= read -r -d '' text <"$GREENBOOT_CONF"; then
    greenboot_warn "" "there are NUL bytes in it: it is damaged; what can be read of it counts"
  fi
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    ((number <= 1000)) || break
    greenboot_line "$number" "${line%$'\r'}"
  done <"$GREENBOOT_CONF"
  [[ -z $LIST ]] || greenboot_warn "$LIST_AT" "$LIST is a list without its \")\""
}

# greenboot_name_checks DIRECTORY...: warns of disabled names that no script below these has.
greenboot_name_checks() {
  local i name found
  for i in "${!DISABLED_HEALTHCHECKS[@]}"; do
    name=${DISABLED_HEALTHCHECKS[i]}
    found=""
    # A name is no pattern.
    [[ $name == */* || -z $name ]] || found=$(find "$@" -name "${name//[\\*?[]/\\&}" -print -quit 2>/dev/null) || :
    [[ -n $found ]] ||
      greenboot_warn "${GREENBOOT_DISABLED_AT[i]}" "DISABLED_HEALTHCHECKS has \"$name\"; rule: the exact file name of a script below /usr/lib/greenboot or /etc/greenboot; there is none of this name"
  done
}
