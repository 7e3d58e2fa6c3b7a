# shellcheck shell=dash
# The kickstart subset: read in full and checked before anything on the disk changes. An unknown directive or
# option is refused, never skipped. Results are KS_* variables and files under KS_DIR.

KS_DIR=${KS_DIR:-/run/ks}
KS_USERS=0
KS_KEYS=0
KS_SCRIPTS=0
KS_FINISH=poweroff
KS_TIMEZONE=''
KS_LOCK_ROOT=''
KS_INCLUDES=''

kickstart_read() {
  mkdir -p "$KS_DIR"
  number=0 script=''
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    if [ -n "$script" ]; then
      if [ "$line" = %end ]; then script=''; else printf '%s\n' "$line" >>"$script"; fi
      continue
    fi
    case $line in
      '' | '#'*) ;;
      %pre* | %post*) kickstart_script "$line" ;;
      '%include /'*) KS_INCLUDES="$KS_INCLUDES ${line#%include }" ;;
      *) kickstart_directive "$line" ;;
    esac
  done <"$1"
  [ -z "$script" ] || failed "kickstart: the last script has no %end"
  for option in osname url ref; do
    [ -n "$(value "ostreesetup_$option")" ] || failed "kickstart: ostreesetup with --$option is required"
  done
  [ -n "${KS_clearpart_all:-}" ] || failed "kickstart: clearpart --all is required: the installer takes the whole disk"
  [ -n "${KS_autopart:-}" ] || failed "kickstart: autopart is required"
  step "kickstart read: ${KS_ostreesetup_ref} from ${KS_ostreesetup_url}"
}

# kickstart_includes: reads the %include files, which %pre has made by now
kickstart_includes() {
  for file in $KS_INCLUDES; do
    [ -e "$file" ] || failed "kickstart: %include $file: no %pre has made it"
    number=0
    while IFS= read -r line || [ -n "$line" ]; do
      number=$((number + 1))
      case $line in
        '' | '#'*) ;;
        *) kickstart_directive "$line" ;;
      esac
    done <"$file"
  done
}

# words LINE: one word per line, quotes removed, nothing expanded (password hashes are full of $)
words() { printf '%s\n' "$1" | xargs -n 1 printf '%s\n'; }

kickstart_directive() {
  words "$1" >"$KS_DIR"/words 2>>"$LOG" || failed "kickstart line $number: unmatched quotes"
  read -r name <"$KS_DIR"/words
  case $name in
    text | zerombr) options "$name" '' ;;
    # The image has no locale or keymap: the console is serial.
    lang) options lang '' 1 ;;
    keyboard) options keyboard 'vckeymap xlayouts' 1 ;;
    timezone)
      options timezone 'utc isUtc' 1
      KS_TIMEZONE=$KS_timezone_word
      ;;
    clearpart) options clearpart 'all initlabel drives' ;;
    autopart)
      options autopart ''
      KS_autopart=yes
      ;;
    network) options network 'bootproto device ip netmask gateway nameserver hostname onboot activate noipv6' ;;
    ostreesetup) options ostreesetup 'osname remote url ref nogpg' ;;
    bootloader) options bootloader 'append' ;;
    rootpw)
      options rootpw 'lock'
      KS_LOCK_ROOT=yes
      ;;
    user)
      KS_USERS=$((KS_USERS + 1))
      options "user_$KS_USERS" 'name uid groups password iscrypted gecos shell'
      ;;
    sshkey)
      KS_KEYS=$((KS_KEYS + 1))
      options "sshkey_$KS_KEYS" 'username' 1
      ;;
    services) options services 'enabled disabled' ;;
    reboot | poweroff | shutdown | halt)
      options "$name" 'eject'
      if [ "$name" = reboot ]; then KS_FINISH=reboot; else KS_FINISH=poweroff; fi
      ;;
    *) failed "kickstart line $number: the directive '$name' is not supported" ;;
  esac
}

# options PREFIX ALLOWED [PLAIN_WORDS]: sets KS_PREFIX_OPTION for each option of the line in KS_DIR/words
# ("yes" for one without a value) and KS_PREFIX_word for a plain word
options() {
  prefix=$1 allowed=" $2 " plain=${3:-0} first=yes
  while IFS= read -r word; do
    if [ -n "$first" ]; then
      first=''
      continue
    fi
    case $word in
      --*=*) option=${word%%=*} value=${word#*=} ;;
      --*) option=$word value=yes ;;
      *)
        [ "$plain" -gt 0 ] || failed "kickstart line $number: '$word' is not expected after ${prefix%%_*}"
        eval "KS_${prefix}_word=\$word"
        continue
        ;;
    esac
    option=${option#--}
    case $allowed in
      *" $option "*) eval "KS_${prefix}_$option=\$value" ;;
      *) failed "kickstart line $number: ${prefix%%_*} does not know --$option" ;;
    esac
  done <"$KS_DIR"/words
}

# kickstart_script LINE: a %pre or %post section; stores its text in KS_DIR/script.N
kickstart_script() {
  KS_SCRIPTS=$((KS_SCRIPTS + 1))
  script=$KS_DIR/script.$KS_SCRIPTS
  : >"$script"
  words "$1" >"$KS_DIR"/words
  read -r kind <"$KS_DIR"/words
  kind=${kind#%}
  case $kind in pre | post) ;; *) failed "kickstart line $number: the section '%$kind' is not supported" ;; esac
  eval "KS_script_${KS_SCRIPTS}_kind=\$kind KS_script_${KS_SCRIPTS}_line=\$number"
  options "script_$KS_SCRIPTS" 'erroronfail interpreter log nochroot'
}

# value NAME: value of the variable KS_NAME, or nothing
value() { eval "printf '%s' \"\${KS_$1:-}\""; }
