# shellcheck shell=bash
# The blueprint's customizations of the system: firewall, services, time, language, files. $1 is the mounted tree. Needs
# INPUT. Users are in customize-users.sh.

# customize_firewall ROOT: rules for the input chain of the guest's nftables.conf. Whoever asks has resolved names.
customize_firewall() {
  local file=$1/usr/lib/edge/nftables.d/blueprint.nft item verdict
  mkdir -p "${file%/*}"
  {
    echo '# from the blueprint: customizations.firewall'
    for verdict in accept drop; do
      while read -r item; do firewall_rule "$item" "$verdict"; done < <(
        jq -r --arg v "$verdict" '.customizations.firewall[$v] // [] | .[]' <<<"$INPUT"
      )
    done
  } >"$file"
}

# firewall_rule PORT[-PORT]:PROTOCOL VERDICT. nftables refuses the whole ruleset for one bad rule, which would leave a
# device without a firewall.
firewall_rule() {
  local low high
  [[ $1 =~ ^([0-9]{1,5})(-([0-9]{1,5}))?:(tcp|udp|sctp|dccp)$ ]] ||
    die "customizations.firewall: '$1' must be PORT:PROTOCOL or LOW-HIGH:PROTOCOL with tcp, udp, sctp or dccp"
  low=$((10#${BASH_REMATCH[1]}))
  high=$((10#${BASH_REMATCH[3]:-${BASH_REMATCH[1]}}))
  ((low >= 1 && low <= high && high <= 65535)) ||
    die "customizations.firewall: '$1' must have ports from 1 to 65535, the lower one first"
  ((low == high)) || low+=-$high
  printf '%s dport %s %s\n' "${BASH_REMATCH[4]}" "$low" "$2"
}

# customize_services ROOT: after the presets, so that the blueprint decides last
customize_services() {
  local verb unit
  for verb in enable disable mask; do
    while read -r unit; do
      logged chroot "$1" systemctl "$verb" "$(unit_in "$1" "$unit")"
    done < <(jq -r --arg k "$verb" '.customizations.services[{enable: "enabled", disable: "disabled", mask: "masked"}[$k]] // [] | .[]' <<<"$INPUT")
  done
}

# unit_in ROOT NAME: Debian's name of a unit (sshd is ssh there)
unit_in() {
  local name=$2
  [[ $name == *.* ]] || name=$name.service
  [[ $name != sshd.service ]] || name=ssh.service
  [[ -e $1/usr/lib/systemd/system/$name || -e $1/etc/systemd/system/$name ]] ||
    die "customizations.services: the image has no unit $name: add the package that brings it"
  printf '%s\n' "$name"
}

# customize_time ROOT: the zone's file comes with tzdata
customize_time() {
  local zone servers
  zone=$(jq -r '.customizations.timezone.timezone // "Etc/UTC"' <<<"$INPUT")
  [[ -f $1/usr/share/zoneinfo/$zone ]] ||
    die "customizations.timezone: the image has no zone '$zone': write a name of the time zone database, or add tzdata-legacy for its old names"
  ln -sfn "../usr/share/zoneinfo/$zone" "$1/etc/localtime"
  printf '%s\n' "$zone" >"$1/etc/timezone"
  servers=$(jq -r '.customizations.timezone.ntpservers // [] | join(" ")' <<<"$INPUT")
  [[ -n $servers ]] || return 0
  mkdir -p "$1/usr/lib/systemd/timesyncd.conf.d"
  printf '# from the blueprint: customizations.timezone.ntpservers\n[Time]\nNTP=%s\n' "$servers" \
    >"$1/usr/lib/systemd/timesyncd.conf.d/60-blueprint.conf"
}

# customize_locale ROOT: the first language is the system's
customize_locale() {
  local locale
  while read -r locale; do
    case $locale in
      C | POSIX | C.UTF-8) continue ;;
    esac
    [[ -e $1/usr/share/i18n/locales/${locale/.UTF-8/} ]] ||
      die "customizations.locale: the package locales of the image has no '$locale'"
    logged chroot "$1" localedef --inputfile="${locale/.UTF-8/}" --charmap=UTF-8 "$locale"
  done < <(jq -r '.customizations.locale.languages // [] | .[]' <<<"$INPUT")
  locale=$(jq -r '.customizations.locale.languages[0] // ""' <<<"$INPUT")
  [[ -n $locale ]] || return 0
  printf 'LANG=%s\n' "$locale" >"$1/etc/locale.conf"
  mkdir -p "$1/etc/default"
  ln -sfn ../locale.conf "$1/etc/default/locale"
}

# customize_files ROOT: directories, then files, below /etc
customize_files() {
  local item path
  while IFS= read -r item; do
    path=$(jq -r .path <<<"$item")
    if [[ -d $1$path ]]; then
      jq -e '.mode // .user // .group' <<<"$item" >/dev/null || continue
      die "customizations.directories: '$path' is a directory of the image's packages: leave out mode, user and group"
    fi
    if jq -e '.ensure_parents == true' <<<"$item" >/dev/null; then mkdir -p "$1${path%/*}"; fi
    below_root "$1" "${path%/*}" || die "customizations.directories: '$path' has no parent directory: write ensure_parents = true"
    mkdir "$1$path"
    file_owner "$1" "$path" "$item" 0755
  done < <(jq -c '.customizations.directories // [] | .[]' <<<"$INPUT")
  while IFS= read -r item; do
    path=$(jq -r .path <<<"$item")
    below_root "$1" "${path%/*}" || die "customizations.files: '$path' has no parent directory: add that under customizations.directories"
    [[ ! -d $1$path ]] || die "customizations.files: '$path' is a directory of the image"
    rm -f "$1$path"
    jq -j '.data // ""' <<<"$item" >"$1$path"
    file_owner "$1" "$path" "$item" 0644
  done < <(jq -c '.customizations.files // [] | .[]' <<<"$INPUT")
}

# below_root ROOT PATH: is it a directory, and no link that leads out of the tree?
below_root() { [[ -d $1$2 && $(realpath "$1$2") == "$(realpath "$1")"/* ]]; }

# file_owner ROOT PATH JSON MODE: owner and mode, by the image's names
file_owner() {
  local owner mode
  owner=$(jq -r '"\(.user // 0):\(.group // 0)"' <<<"$3")
  mode=$(jq -r --arg m "$4" '.mode // $m' <<<"$3")
  logged chroot "$1" chown -h "$owner" "$2" || die "customizations: '$2' is to belong to $owner, whom the image does not have"
  chmod "$mode" "$1$2"
}
